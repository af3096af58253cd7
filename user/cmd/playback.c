// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/playback.h"
#include "model/container.h"
#include "out/buf.h"
#include "out/escape.h"
#include "out/pods.h"
#include "rec/paths.h"
#include "util/ends.h"
#include "util/log.h"

static volatile sig_atomic_t stopped;
static int stop_fd = -1; /* readable then */

/* The output asks by id alone. */
static struct paths cgroups;
static struct paths pods; /* by pod_key() */

const char *playback_cgroup(__u64 id)
{
	return paths_find(&cgroups, id);
}

bool playback_stopped(void)
{
	return stopped;
}

/* A hash: two uids of one recording do not have the same by chance. */
static __u64 pod_key(const char *uid)
{
	__u64 hash = 0xcbf29ce484222325ULL;

	for (; *uid; uid++)
		hash = (hash ^ (unsigned char)*uid) * 0x100000001b3ULL;
	return hash;
}

static const char *pod_named(const char *uid)
{
	return paths_find(&pods, pod_key(uid));
}

/* The pod that the path just read is of. */
static void pod_is(const char *path, const char *name, size_t len)
{
	char text[POD_NAME_MAX + 1];
	struct container c;

	if (len >= sizeof(text) || !container_parse(path, &c) || !*c.pod_uid)
		return;
	memcpy(text, name, len);
	text[len] = '\0';
	if (pod_name_ok(text))
		paths_add(&pods, pod_key(c.pod_uid), text, len);
}

static void cgroup_is(void *ctx, __u64 id, const char *path, size_t len)
{
	size_t path_len = strnlen(path, len);

	(void)ctx;
	paths_add(&cgroups, id, path, path_len);
	if (path_len < len)
		pod_is(path, path + path_len + 1, len - path_len - 1);
}

/* A file can hold anything: nothing that a terminal would obey. */
static void clean(char *text, size_t room)
{
	size_t len = strnlen(text, room - 1);
	char safe[TERM_ESCAPE_MAX * REC_TEXT_MAX];
	size_t n = term_escape(safe, text, len) - safe;

	n = n < room ? n : room - 1;
	memcpy(text, safe, n);
	text[n] = '\0';
}

/* As much of it as there is room for. */
static void add_words(char *text, size_t room, const char *words)
{
	size_t len = strlen(text), n = strnlen(words, room - 1 - len);

	memcpy(text + len, words, n);
	text[len + n] = '\0';
}

static void take_meta(const struct playback *p, struct rec_meta *m)
{
	const char *words = p->o->filter_words;

	clean(m->version, sizeof(m->version));
	clean(m->kernel, sizeof(m->kernel));
	clean(m->host, sizeof(m->host));
	clean(m->tier, sizeof(m->tier));
	clean(m->tier_reason, sizeof(m->tier_reason));
	clean(m->filter, sizeof(m->filter));
	if (!*words)
		return;
	if (*m->filter)
		add_words(m->filter, sizeof(m->filter), "; of these ");
	add_words(m->filter, sizeof(m->filter), words);
}

/* The name of a namespace is known to the recording alone. */
static void take_netns(struct playback *p, const struct rec_netns *ns)
{
	struct filter *f = &p->player.sift.filter;

	for (int i = 0; i < f->n_netns; i++) {
		const char *want = p->o->netns_text[i];
		const char *base = want ? strrchr(want, '/') : NULL;

		if (want && !strcmp(base ? base + 1 : want, ns->name))
			f->netns[i] = ns->ino;
	}
}

static int names_found(const struct playback *p)
{
	const struct filter *f = &p->player.sift.filter;

	for (int i = 0; i < f->n_netns; i++) {
		if (f->netns[i])
			continue;
		warn_line("the recording knows no network namespace of the name given to --netns");
		return STATUS_USAGE;
	}
	return 0;
}

/* 0 or an exit status. */
static int take_head(struct playback *p, struct rec_event *e)
{
	if (e->kind == EV_META) {
		take_meta(p, &e->meta);
		p->ready = true;
		return p->model.n_sinks ? 0 : p->begin(p->ctx, &e->meta);
	}
	if (!p->ready) {
		warn_line("%s: a recording that does not say what it is of",
			  p->reader.files[0].path);
		return STATUS_UNABLE;
	}
	if (e->kind == EV_NETNS) {
		take_netns(p, &e->netns);
		return 0;
	}
	return p->events < PLAYBACK_EVERY ? names_found(p) : 0;
}

static int after_event(struct playback *p)
{
	p->events++;
	return stopped ? 1 : p->after(p->ctx);
}

int playback_run(struct playback *p, int *err)
{
	struct rec_event e;

	while (reader_next(&p->reader, &e) > 0) {
		bool head = e.kind >= EV_META && e.kind <= EV_SNAPSHOT_END;
		int status = head || !p->ready || p->events < PLAYBACK_EVERY ? take_head(p, &e) : 0;

		if (status)
			return status;
		if (player_event(&p->player, &e))
			break;
		*err = after_event(p);
		if (*err)
			break;
	}
	player_end(&p->player);
	return 0;
}

static void on_signal(int number)
{
	int err = errno;

	(void)number;
	stopped = 1;
	eventfd_write(stop_fd, 1);
	errno = err;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	obuf_stop_on(stop_fd);
	ends_catch(&sa);
}

static void set_up(struct playback *p)
{
	const struct options *o = p->o;
	struct sift *s = &p->player.sift;

	p->model.filter = o->tracer.filter;
	p->model.rules = o->rules;
	p->model.alerts = true;
	p->model.count_max = o->count;
	s->filter = o->tracer.filter;
	s->n_cgroup = s->filter.n_cgroup;
	memcpy(s->cgroup, o->cgroup_text, sizeof(s->cgroup));
	s->cgroup_path = playback_cgroup;
	s->active = filter_by_flow(&s->filter) || filter_by_owner(&s->filter) || s->n_cgroup;
	p->player.model = &p->model;
	p->player.reader = &p->reader;
	p->player.duration_ns = o->duration_ns;
	p->reader.codec->cgroup_is = cgroup_is;
	pods_named_by(pod_named); /* not by what this host knows */
}

int playback_open(struct playback *p, const struct options *o, char *const *files, unsigned int n)
{
	p->o = o;
	if (reader_open(&p->reader, files, n)) {
		reader_close(&p->reader);
		return STATUS_UNABLE;
	}
	if (model_init(&p->model)) {
		warn_line("out of memory");
		reader_close(&p->reader);
		return STATUS_UNABLE;
	}
	set_up(p);
	catch_signals();
	return 0;
}

int playback_status(const struct playback *p)
{
	if (p->model.no_memory)
		warn_line("out of memory: some connections were not followed");
	if (!p->model.started && !p->reader.damaged)
		warn_line("the recording ends before anything was recorded");
	return p->reader.damaged || p->model.no_memory ? STATUS_UNABLE : STATUS_DONE;
}

void playback_close(struct playback *p)
{
	obuf_stop_on(-1);
	if (stop_fd >= 0)
		close(stop_fd);
	stop_fd = -1;
	model_free(&p->model);
	reader_close(&p->reader);
	paths_free(&cgroups);
	paths_free(&pods);
}
