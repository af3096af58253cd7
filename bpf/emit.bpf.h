/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sending records.  Waking the reader costs more than all the rest of the
 * handler, so that the reader says in wake_mode when it wants to be woken: for
 * the first record after it went to sleep, and while it naps between two
 * batches only when the buffer is a quarter full.
 */
#ifndef TCPDWELL_EMIT_BPF_H
#define TCPDWELL_EMIT_BPF_H

#include "maps.bpf.h"
#include "sock.bpf.h"

/* All that a record says of one step. */
struct step {
	const struct sock *sk;
	struct sock_store *store;
	__u64 now_ns;
	__u64 dwell_ns;
	__u16 lport;
	__u8 from;
	__u8 to;
	__u8 flags;
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

static __always_inline void fill_step(const struct step *s, __u8 kind, struct rec_step *r)
{
	r->kind = kind;
	r->from = s->from;
	r->to = s->to;
	r->flags = s->flags;
	r->lport = s->lport;
	r->roles = s->store->roles;
	r->pad = 0;
	r->cookie = s->store->cookie;
	r->mono_ns = s->now_ns;
	r->dwell_ns = s->dwell_ns;
}

static __always_inline void fill_ident(const struct step *s, struct sock_ident *id)
{
	read_ident(s->sk, s->lport, id);
	id->born_ns = s->store->born_ns;
	id->owner = s->store->owner;
}

static __always_inline void fill_end(const struct step *s, struct sock_end *e)
{
	read_end(s->sk, s->store->born_ns ? s->now_ns - s->store->born_ns : 0, e);
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

static __always_inline void emit(const struct step *s)
{
	bool told = s->store->told;
	bool sent;

	if (s->to == ST_CLOSE)
		sent = told ? emit_end(s) : emit_open_end(s);
	else
		sent = told ? emit_bare(s) : emit_open(s);
	if (!sent) {
		count_lost(LOST_RING_FULL);
		return;
	}
	/* While a port is missing (SYN_SENT, an MPTCP child) the next record repeats the identity.
	 */
	s->store->told = s->lport && (s->to == ST_LISTEN || s->sk->__sk_common.skc_dport);
	wake_if_wanted(s->now_ns);
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
