// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/cmdline.h"
#include "kern/found.h"

#define ROOM_START 256

static __u32 hash(__u64 cookie)
{
	return cookie * 0x9e3779b97f4a7c15ULL >> 32;
}

static __u32 *slot_of(const struct holders_found *f, __u64 cookie)
{
	__u32 i = hash(cookie) & f->mask;

	while (f->slot[i] && f->sock[f->slot[i] - 1].cookie != cookie)
		i = (i + 1) & f->mask;
	return &f->slot[i];
}

struct found_sock *found_sock(const struct holders_found *f, __u64 cookie)
{
	__u32 at = f->slot ? *slot_of(f, cookie) : 0;

	return at ? &f->sock[at - 1] : NULL;
}

int found_begin(struct holders_found *f, const struct wanted_sock *wanted, size_t n)
{
	size_t size = 16;

	memset(f, 0, sizeof(*f));
	while (size < 2 * n)
		size *= 2;
	f->mask = size - 1;
	f->slot = calloc(size, sizeof(*f->slot));
	f->sock = calloc(n + 1, sizeof(*f->sock));
	if (!f->slot || !f->sock)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		__u64 cookie = wanted[i].cookie & COOKIE_MASK;
		__u32 *slot = slot_of(f, cookie);

		if (*slot)
			continue;
		f->sock[f->n_socks++] = (struct found_sock){.cookie = cookie, .ino = wanted[i].ino};
		*slot = f->n_socks;
	}
	return 0;
}

void found_free(struct holders_found *f)
{
	for (__u32 i = 0; i < f->n_texts; i++)
		free(f->text[i]);
	free(f->text);
	free(f->sock);
	free(f->slot);
	free(f->holder);
	free(f->sock_of);
	memset(f, 0, sizeof(*f));
}

static int grow(struct holders_found *f)
{
	__u32 room = f->room ? 2 * f->room : ROOM_START;
	struct holder *holder = realloc(f->holder, room * sizeof(*holder));
	__u32 *sock_of;

	if (!holder)
		return -ENOMEM;
	f->holder = holder;
	sock_of = realloc(f->sock_of, room * sizeof(*sock_of));
	if (!sock_of)
		return -ENOMEM;
	f->sock_of = sock_of;
	f->room = room;
	return 0;
}

int found_add(struct holders_found *f, const struct found_sock *s, const struct holder *h)
{
	if (f->n == f->room && grow(f))
		return -ENOMEM;
	f->sock_of[f->n] = s - f->sock;
	f->holder[f->n++] = *h;
	f->sock[s - f->sock].n++;
	return 0;
}

const char *found_cmdline(struct holders_found *f, __u32 pid, __u64 start_ns)
{
	char *text = cmdline_read(pid, start_ns);

	if (!text)
		return NULL;
	if (f->n_texts == f->texts_room) {
		__u32 room = f->texts_room ? 2 * f->texts_room : 16;
		char **more = realloc(f->text, room * sizeof(*more));

		if (!more) {
			free(text);
			return NULL;
		}
		f->text = more;
		f->texts_room = room;
	}
	f->text[f->n_texts++] = text;
	return text;
}

/*
 * Order
 */

static int cmp(__u32 a, __u32 b)
{
	return (a > b) - (a < b);
}

static int by_process(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	if (a->pid != b->pid)
		return cmp(a->pid, b->pid);
	return a->tid != b->tid ? cmp(a->tid, b->tid) : cmp(a->fd, b->fd);
}

/* They come in the order of tids, in which a thread need not follow its process. */
static void sort(struct holder *h, __u32 n)
{
	for (__u32 i = 1; i < n; i++) {
		if (by_process(&h[i - 1], &h[i]) <= 0)
			continue;
		qsort(h, n, sizeof(*h), by_process);
		return;
	}
}

static bool holds(const struct holder *h, __u32 n, __u32 pid)
{
	__u32 low = 0;

	while (low < n) {
		__u32 mid = low + (n - low) / 2;

		if (h[mid].pid == pid)
			return true;
		if (h[mid].pid < pid)
			low = mid + 1;
		else
			n = mid;
	}
	return false;
}

static void see_heirs(struct holder *h, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		if (h[i].flags & HOLDER_OPENED)
			continue;
		if ((h[i].flags & HOLDER_PARENT_OPENED) || holds(h, n, h[i].ppid))
			h[i].flags |= HOLDER_INHERITED;
	}
}

int found_settle(struct holders_found *f)
{
	struct holder *sorted = malloc((f->n + 1) * sizeof(*sorted));
	__u32 at = 0;

	if (!sorted)
		return -ENOMEM;
	for (__u32 i = 0; i < f->n_socks; i++) {
		f->sock[i].start = at;
		at += f->sock[i].n;
		f->sock[i].n = 0;
	}
	for (__u32 i = 0; i < f->n; i++) {
		struct found_sock *s = &f->sock[f->sock_of[i]];

		sorted[s->start + s->n++] = f->holder[i];
	}
	free(f->holder);
	free(f->sock_of);
	f->holder = sorted;
	f->sock_of = NULL;
	f->room = 0;
	for (__u32 i = 0; i < f->n_socks; i++) {
		sort(&sorted[f->sock[i].start], f->sock[i].n);
		see_heirs(&sorted[f->sock[i].start], f->sock[i].n);
	}
	return 0;
}
