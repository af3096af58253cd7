/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sending records.  Waking the reader costs more than all the rest of the
 * handler, so that the reader says in wake_mode when it wants to be woken: for
 * the first record after it went to sleep, and while it naps between two
 * batches only when the buffer is a quarter full.
 */
#ifndef TCPDWELL_EMIT_BPF_H
#define TCPDWELL_EMIT_BPF_H

#include "comm.h"
#include "maps.bpf.h"
#include "sock.bpf.h"

/* All that a record says of one step. */
struct step {
	struct sock *sk;
	const struct sock_owner *owner; /* NULL: see fill_owner() */
	__u64 listener;
	__u64 cookie;
	__u64 now_ns;
	__u64 dwell_ns;
	__u64 born_ns; /* of the connection; 0: not known */
	__u16 lport;
	__u8 from;
	__u8 to;
	__u8 flags;
	__u8 roles;
};

static __always_inline void wake_reader(void)
{
	void *empty;

	wake_mode = WAKE_NEVER; /* two CPUs may both get here: one wakeup too many, no harm */
	empty = bpf_ringbuf_reserve(&events, 8, 0);
	if (empty)
		bpf_ringbuf_discard(empty, BPF_RB_FORCE_WAKEUP);
}

/*
 * After a submit: that is a full barrier, and the reader sets wake_mode, then
 * looks at the buffer, then sleeps.  So either it sees the record or this sees
 * the mode.
 */
static __always_inline void wake_if_wanted(__u64 now_ns)
{
	__u32 mode = wake_mode;

	if (mode == WAKE_NEVER)
		return;
	/* how full the buffer is need not be asked each time: once in 16, by the clock's digits */
	if (mode == WAKE_QUARTER &&
	    (now_ns & 0xf0 || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < config.ring_quarter))
		return;
	wake_reader();
}

/* A SYN_SENT that the filter makes wait has no record that would wake the reader. */
static __always_inline void count_held(void)
{
	__sync_fetch_and_add(&counters.held, 1);
	if (!wake_for_held)
		return;
	wake_for_held = 0;
	wake_reader();
}

static __always_inline void fill_step(const struct step *s, __u8 kind, struct rec_step *r)
{
	r->kind = kind;
	r->from = s->from;
	r->to = s->to;
	r->flags = s->flags;
	r->lport = s->lport;
	r->roles = s->roles;
	r->pad = 0;
	r->cookie = s->cookie;
	r->mono_ns = s->now_ns;
	r->dwell_ns = s->dwell_ns;
}

static __always_inline void ask_for_current(struct sock_owner *o)
{
	__u64 id = bpf_get_current_pid_tgid();

	o->pid = id >> 32;
	o->tid = id;
	o->uid = bpf_get_current_uid_gid();
	read_current_comm(o->comm);
}

/* Three calls less: 8 ns of what set_state takes on average. */
static __always_inline void read_current(struct sock_owner *o)
{
	const struct task_struct *task = bpf_get_current_task_btf();

	o->pid = task->tgid;
	o->tid = task->pid;
	o->uid = task->cred->uid.val;
	comm_copy((__u64 *)o->comm, (const __u64 *)task->comm);
}

static __always_inline void owner_is_current(struct sock_owner *o, enum owner_how how)
{
	if (config.own_ids) /* Linux 5.10 has no bpf_get_current_task_btf() */
		ask_for_current(o);
	else
		read_current(o);
	o->how = how;
}

/* connect() and listen() run in the caller's context: the only two that say who opened. */
static __always_inline void fill_owner(const struct step *s, struct sock_owner *o)
{
	if (s->owner) {
		*o = *s->owner;
	} else if (s->from == ST_CLOSE) {
		owner_is_current(o, OWNER_OPEN);
	} else {
		__builtin_memset(o, 0, sizeof(*o));
		o->listener = s->listener;
	}
}

static __always_inline void fill_ident(const struct step *s, struct sock_ident *id)
{
	read_ident(s->sk, s->lport, id);
	id->born_ns = s->born_ns;
	fill_owner(s, &id->owner);
}

static __always_inline void fill_end(const struct step *s, struct sock_end *e)
{
	read_end(s->sk, s->born_ns ? s->now_ns - s->born_ns : 0, e);
}

/* A ring buffer wants sizes that the verifier knows: one branch a kind. */
static __always_inline bool emit_bare(const struct step *s)
{
	struct rec_step *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r)
		return false;
	fill_step(s, REC_STEP, r);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool emit_open(const struct step *s)
{
	struct rec_open *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r)
		return false;
	fill_step(s, REC_OPEN, &r->step);
	fill_ident(s, &r->ident);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool emit_end(const struct step *s)
{
	struct rec_end *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r)
		return false;
	fill_step(s, REC_END, &r->step);
	fill_end(s, &r->end);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool emit_open_end(const struct step *s)
{
	struct rec_open_end *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r)
		return false;
	fill_step(s, REC_OPEN_END, &r->step);
	fill_ident(s, &r->ident);
	fill_end(s, &r->end);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return true;
}

/* A record of the step, with who and where if `ident`.  Whether it went out. */
static __always_inline bool emit(const struct step *s, bool ident)
{
	bool sent;

	if (s->to == ST_CLOSE)
		sent = ident ? emit_open_end(s) : emit_end(s);
	else
		sent = ident ? emit_open(s) : emit_bare(s);
	if (!sent) {
		repeat_ident = 1;
		count_lost(LOST_RING_FULL);
		return false;
	}
	wake_if_wanted(s->now_ns);
	return true;
}

/* A word on the socket of a record that went out before: SMALL_CLOSE_RST, SMALL_REUSED. */
static __always_inline void emit_hint(__u64 cookie, enum small_what what, __u64 now_ns)
{
	struct rec_small *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r) {
		count_lost(LOST_RING_FULL);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->kind = REC_SMALL;
	r->what = what;
	r->cookie = cookie;
	r->mono_ns = now_ns;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	wake_if_wanted(now_ns);
}

#endif
