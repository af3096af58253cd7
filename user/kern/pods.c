// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "kern/pods.h"
#include "model/container.h"

#define ROOM 2048 /* a power of two; a node has some hundred pods at most */

static struct entry {
	char uid[POD_UID_LEN + 1];
	char *name; /* NULL: free */
} table[ROOM];
static unsigned int n_table;
static struct timespec changed; /* the directory, when it was read */
static time_t looked;

static struct entry *place(const char *uid)
{
	unsigned int hash = 2166136261U;

	for (const char *c = uid; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	while (table[hash % ROOM].name && strcmp(table[hash % ROOM].uid, uid) != 0)
		hash++;
	return &table[hash % ROOM];
}

static void forget_all(void)
{
	for (unsigned int i = 0; i < ROOM; i++)
		free(table[i].name);
	memset(table, 0, sizeof(table));
	n_table = 0;
}

static void take(const struct pod *pod)
{
	struct entry *e = place(pod->uid);

	if (e->name || n_table == ROOM / 2)
		return;
	e->name = strdup(pod->name);
	if (!e->name)
		return;
	memcpy(e->uid, pod->uid, sizeof(e->uid));
	n_table++;
}

static void read_all(void)
{
	DIR *dir = opendir(POD_LOGS);
	struct dirent *d;
	struct pod pod;

	if (n_table >= ROOM / 4)
		forget_all();
	while (dir && (d = readdir(dir)))
		if (pod_of_log_dir(d->d_name, &pod))
			take(&pod);
	if (dir)
		closedir(dir);
}

/* Whether it was read again. */
static bool look(void)
{
	struct timespec now;
	struct stat st;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (looked && now.tv_sec == looked)
		return false;
	looked = now.tv_sec;
	if (stat(POD_LOGS, &st) ||
	    (st.st_mtim.tv_sec == changed.tv_sec && st.st_mtim.tv_nsec == changed.tv_nsec))
		return false;
	changed = st.st_mtim;
	read_all();
	return true;
}

const char *pods_name(const char *uid)
{
	const char *name = place(uid)->name;

	return name || !look() ? name : place(uid)->name;
}
