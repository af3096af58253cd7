// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/term.h"
#include "kern/census.h"
#include "kern/holders.h"
#include "out/holders.h"
#include "out/list.h"
#include "util/files.h"
#include "util/log.h"

/* Of a process, without --all. */
#define SHOWN_OF_A_PROCESS 20
/* A half-close in use that sends less often is not told from a leak by one run. */
#define BETWEEN_LOOKS_NS 200000000L

struct holders_options {
	struct options o;
	bool all;
	bool fail_if_any;
};

enum key {
	KEY_ALL = 512,
	KEY_FAIL_IF_ANY,
};

static const struct argp_option own_options[] = {
	{"all", KEY_ALL, 0, 0, "all sockets of a process, not the 20 longest stays of each kind",
	 2},
	{"fail-if-any", KEY_FAIL_IF_ANY, 0, 0, "exit status 1 when there is any", 2},
	{0},
};

static const struct argp_child children[] = {
	{&filter_argp, 0, NULL, 0},
	{&output_argp, 0, NULL, 0},
	{0},
};

static const struct setting settings[] = {
	SETTING(KEY_ALL, SET_FLAG, struct holders_options, all),
	SETTING(KEY_FAIL_IF_ANY, SET_FLAG, struct holders_options, fail_if_any),
	{0},
};

const struct command_argp holders_argp = {
	.argp =
		{
			.options = own_options,
			.parser = command_parse,
			.children = children,
			.doc = "Shows which processes hold the selected sockets, by which descriptors, and what is "
			       "wrong with those that are stuck.  A thread with a descriptor table of its own "
			       "(CLONE_FILES) is shown by itself.\v"
			       "--pid and --comm select sockets that such a process holds, among others maybe; all "
			       "of their holders are shown.  A connection that its program does not accept counts "
			       "as held by those who hold the listener.",
		},
	.setting = settings,
};

/*
 * Looks: sockets first, then the descriptors, so that a socket without one may
 * have been closed in between.  If there is such a socket, all is done again.
 */

struct look {
	struct listing l;
	struct holders held;
	unsigned int n_netns;
};

static void take_row(void *ctx, const struct row_sock *row)
{
	listing_add(ctx, row);
}

static int read_sockets(struct look *k, struct census *census, const struct filter *f)
{
	struct filter by_socket = *f;
	int err = listing_init(&k->l);

	by_socket.n_pid = by_socket.n_comm = 0;
	if (!err)
		err = census_read(census, take_row, &k->l);
	k->n_netns = census->n_netns;
	if (!err && k->l.no_memory)
		err = -ENOMEM;
	if (!err)
		err = listing_choose(&k->l, &by_socket);
	if (!err)
		err = listing_sort(&k->l, SORT_DWELL);
	return err;
}

static bool may_be_held(const struct row_sock *r)
{
	return r->kind == ROW_FULL && r->cookie &&
	       !(r->flags & (ROW_ORPHAN | ROW_QUEUED | ROW_NO_FILE));
}

static int find_holders(struct look *k)
{
	struct wanted_sock *wanted = calloc(2 * (size_t)k->l.n_order + 1, sizeof(*wanted));
	size_t n = 0;
	int err;

	if (!wanted)
		return -ENOMEM;
	for (__u32 i = 0; i < k->l.n_order; i++) {
		const struct row_sock *r = listing_row(&k->l, i);
		const struct row_sock *queue = holding_listener(&k->l, r);

		if (may_be_held(r))
			wanted[n++] = (struct wanted_sock){r->cookie, r->ino};
		if (queue)
			wanted[n++] = (struct wanted_sock){queue->cookie, queue->ino};
	}
	err = holders_find(&k->held, wanted, n);
	free(wanted);
	return err;
}

static int look(struct look *k, struct census *census, const struct filter *f)
{
	int err = read_sockets(k, census, f);

	return err ? err : find_holders(k);
}

static void look_free(struct look *k)
{
	listing_free(&k->l);
	holders_close(&k->held);
}

enum again {
	AGAIN_NOT = 0,
	AGAIN_AT_ONCE,
	AGAIN_LATER, /* it may send meanwhile */
};

static enum again again(const struct look *k)
{
	enum again need = AGAIN_NOT;
	__u32 n;

	for (__u32 i = 0; i < k->l.n_order; i++) {
		const struct row_sock *r = listing_row(&k->l, i);

		if (diagnosis_in_doubt(r))
			return AGAIN_LATER;
		if (may_be_held(r) && !holders_of(&k->held, r->cookie, &n))
			need = AGAIN_AT_ONCE;
	}
	return need;
}

/*
 * What comes of them
 */

static struct evidence evidence(const struct look *k, const struct look *before,
				const struct row_sock *r)
{
	struct evidence e = {.row = r};
	const struct row_sock *old;
	__u32 n;

	e.holder = holders_of(&k->held, r->cookie, &e.n_holders);
	old = before ? listing_by_cookie(&before->l, r->cookie) : NULL;
	if (!old || old->state != r->state)
		return e;
	/* it was there in both looks, thus all the time while the first went through the
	 * descriptors */
	e.looked = !k->held.partial && !holders_of(&before->held, r->cookie, &n);
	e.again = old->kind == ROW_FULL;
	e.moved_since = e.again && diagnosis_moved(r) != diagnosis_moved(old);
	return e;
}

/* As `list` has it: the first holder. */
static void set_owner(struct row_sock *r, const struct held_row *held)
{
	const struct holder *h = held->holder;

	if (!h)
		return;
	r->ident.owner = (struct sock_owner){
		.pid = h->pid, .tid = h->tid, .uid = h->uid, .how = OWNER_DESCRIPTOR};
	memcpy(r->ident.owner.comm, h->comm, sizeof(h->comm));
}

static int add_socket(struct holding *h, const struct look *k, const struct look *before, __u32 i,
		      const struct filter *f)
{
	struct row_sock *r = &k->l.row[k->l.order[i]];
	const struct row_sock *queue = holding_listener(&k->l, r);
	struct held_row held = {.row = r};
	struct evidence e = {.row = r};

	if (may_be_held(r))
		e = evidence(k, before, r);
	held.holder = e.holder;
	held.n_holders = e.n_holders;
	held.diagnosis = diagnose(&e);
	if (queue)
		held.listener = holders_of(&k->held, queue->cookie, &held.n_listener);
	/* closed just now */
	if (may_be_held(r) && !e.n_holders && !e.looked && !k->held.partial)
		return 0;
	set_owner(r, &held);
	return holding_wants(f, &held) ? holding_add(h, &held) : 0;
}

static int gather(struct holding *h, const struct look *k, const struct look *before,
		  const struct filter *f)
{
	int err = 0;

	for (__u32 i = 0; !err && i < k->l.n_order; i++)
		err = add_socket(h, k, before, i, f);
	return err ? err : holding_group(h);
}

/*
 * Output
 */

static int tell_hello(const struct holders_options *o, const struct out_options *out,
		      const struct holding *h, unsigned int n_netns)
{
	struct utsname host;
	struct hello hello = {
		.version = TCPDWELL_VERSION,
		.tier = "none",
		.tier_reason = "read once, nothing is followed",
		.filter = *o->o.filter_words ? o->o.filter_words : NULL,
		.mono_ns = mono_now_ns(),
		.n_netns = n_netns,
	};
	struct sink *sink = json_sink_new(out);
	int err;

	if (!sink)
		return -ENOMEM;
	uname(&host);
	hello.kernel = host.release;
	for (__u32 i = 0; i < h->n; i++)
		hello.sockets[h->row[i].row->state]++;
	sink->ops->hello(sink, &hello);
	err = sink->ops->flush(sink);
	sink->ops->free(sink);
	return err;
}

static void print_json(struct obuf *b, const struct holding *h, const struct out_options *out,
		       __u64 began_ns)
{
	struct listing_counts counts = {.sockets = h->n};

	for (__u32 i = 0; i < h->n; i++)
		counts.by_state[h->row[i].row->state]++;
	holders_json(b, h, out);
	list_json_summary(b, &counts, out->names, false, mono_now_ns() - began_ns);
}

static void print_text(struct obuf *b, const struct holding *h, const struct holders_options *o,
		       const struct out_options *out)
{
	struct obuf talk;

	holders_text(b, h, out, o->all ? 0 : SHOWN_OF_A_PROCESS);
	/* the data goes first, where both go to one terminal */
	if (obuf_flush(b) || obuf_init(&talk, out->talk_fd))
		return;
	holders_talk(&talk, h);
	obuf_flush(&talk);
	obuf_free(&talk);
}

/* 0 or -errno. */
static int print(const struct holding *h, const struct holders_options *o, unsigned int n_netns,
		 __u64 began_ns)
{
	struct out_options out = term_output(o->o.names);
	struct obuf b;
	int err = obuf_init(&b, STDOUT_FILENO);

	if (!err && o->o.json)
		err = tell_hello(o, &out, h, n_netns);
	if (!err && o->o.json)
		print_json(&b, h, &out, began_ns);
	else if (!err)
		print_text(&b, h, o, &out);
	if (!err)
		err = obuf_flush(&b);
	obuf_free(&b);
	return err;
}

/*
 * All of it
 */

/* Looks once, or twice; *last is the look that counts.  0 or -errno. */
static int look_all(struct look k[2], struct census *census, const struct filter *f, int *last)
{
	struct timespec rest = {.tv_nsec = BETWEEN_LOOKS_NS};
	int err = look(&k[0], census, f);
	enum again need;

	*last = 0;
	if (err)
		return err;
	need = again(&k[0]);
	if (need == AGAIN_NOT)
		return 0;
	if (need == AGAIN_LATER)
		nanosleep(&rest, NULL);
	*last = 1;
	return look(&k[1], census, f);
}

/* The kernel side of both looks; 0, or an exit status with its message out. */
static int open_all(struct census *census, struct look k[2], const struct filter *f)
{
	int err;

	if (census_open(census, f))
		return STATUS_UNABLE;
	census->no_owners = true;
	err = holders_open(&k[0].held);
	if (!err)
		err = holders_open(&k[1].held);
	if (!err && *k[0].held.why_proc)
		warn_line("descriptors are read from /proc: %s", k[0].held.why_proc);
	if (!err && k[0].held.partial)
		warn_line("only the processes of this pid namespace can be seen");
	if (!err)
		return 0;
	warn_line("the descriptors can't be read: %s", files_strerror(-err));
	census_close(census);
	return STATUS_UNABLE;
}

static int report(struct look k[2], struct census *census, const struct holders_options *o,
		  __u64 began_ns)
{
	const struct filter *f = &o->o.tracer.filter;
	struct holding h = {0};
	int last, err, status = STATUS_DONE;

	err = look_all(k, census, f, &last);
	if (!err)
		err = gather(&h, &k[last], last ? &k[0] : NULL, f);
	if (err) {
		tracer_explain_rows(err);
		status = STATUS_UNABLE;
		goto out;
	}
	err = print(&h, o, k[last].n_netns, began_ns);
	if (err && err != -EPIPE) {
		warn_line("the output can't be written: %s", strerror(-err));
		status = STATUS_UNABLE;
	} else if (!options_netns_met(&o->o, census->unmet)) {
		status = STATUS_UNABLE;
	} else if (o->fail_if_any && h.n) {
		status = STATUS_FOUND;
	}
out:
	holding_free(&h);
	return status;
}

int cmd_holders(int argc, char **argv)
{
	struct holders_options o = {0};
	__u64 began_ns = mono_now_ns();
	struct look k[2] = {0};
	struct census census;
	int status;

	options_init(&o.o);
	options_parse(&holders_argp, argc, argv, &o.o);
	status = open_all(&census, k, &o.o.tracer.filter);
	if (status)
		return status;
	status = report(k, &census, &o, began_ns);
	census_close(&census);
	look_free(&k[0]);
	look_free(&k[1]);
	return status;
}
