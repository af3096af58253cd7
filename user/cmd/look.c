// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/look.h"
#include "model/diagnosis.h"

int looks_init(struct looks *ls, __u32 n)
{
	memset(ls, 0, sizeof(*ls));
	ls->room = n < LOOKS_MAX ? n : LOOKS_MAX;
	for (ls->mask = 15; ls->mask < 2 * ls->room; ls->mask = 2 * ls->mask + 1)
		;
	ls->look = calloc(ls->room ? ls->room : 1, sizeof(*ls->look));
	ls->index = calloc((size_t)ls->mask + 1, sizeof(*ls->index));
	if (ls->look && ls->index)
		return 0;
	looks_free(ls);
	return -ENOMEM;
}

void looks_free(struct looks *ls)
{
	free(ls->look);
	free(ls->index);
	memset(ls, 0, sizeof(*ls));
}

static __u32 home(const struct looks *ls, __u64 cookie)
{
	return (__u32)((cookie * 0x9e3779b97f4a7c15ULL) >> 32) & ls->mask;
}

void looks_add(struct looks *ls, const struct conn *c, unsigned int state, __u32 from)
{
	__u64 cookie = c->cookie & COOKIE_MASK;
	__u32 i = home(ls, cookie);
	struct look *l;

	if (ls->n == ls->room)
		return;
	while (ls->index[i])
		i = (i + 1) & ls->mask;
	l = &ls->look[ls->n++];
	l->cookie = cookie;
	l->state = state;
	l->from = from;
	ls->index[i] = ls->n;
	netns_set_add(&ls->netns, c->ident.netns);
}

static void keep_row(struct look *l, const struct row_sock *row)
{
	l->kind = row->kind;
	l->flags = row->flags;
	l->lport = row->ident.lport;
	l->owner_how = row->ident.owner.how;
	l->owner_pid = row->ident.owner.pid;
	l->ino = row->ino;
	l->send_q = row->send_q;
	l->unread = row->unread;
	l->mono_ns = row->mono_ns;
	l->since_ns = row->since_ns;
	l->last_rx_ns = row->last_rx_ns;
	l->last_tx_ns = row->last_tx_ns;
	l->moved = diagnosis_moved(row);
}

struct row_sock look_row(const struct look *l)
{
	return (struct row_sock){
		.kind = l->kind,
		.state = l->state,
		.flags = l->flags,
		.ino = l->ino,
		.cookie = l->cookie,
		.mono_ns = l->mono_ns,
		.since_ns = l->since_ns,
		.last_rx_ns = l->last_rx_ns,
		.last_tx_ns = l->last_tx_ns,
		.send_q = l->send_q,
		.unread = l->unread,
		.ident.owner = {.how = l->owner_how, .pid = l->owner_pid},
	};
}

/* Two rows can have one cookie: what a connection left in a small socket, and its successor. */
static void take_row(void *ctx, const struct row_sock *row)
{
	__u64 cookie = row->cookie & COOKIE_MASK;
	struct looks *ls = ctx;

	if (row->kind == ROW_REQUEST)
		return;
	for (__u32 i = home(ls, cookie); ls->index[i]; i = (i + 1) & ls->mask) {
		struct look *l = &ls->look[ls->index[i] - 1];

		if (l->cookie != cookie || l->found == LOOK_MET)
			continue;
		l->found = row->state == l->state ? LOOK_MET : LOOK_ELSEWHERE;
		keep_row(l, row);
	}
}

int looks_read(struct looks *ls, looks_fn rows, void *ctx)
{
	return rows(ctx, &ls->netns, take_row, ls);
}

int looks_holders(struct looks *ls, struct holders *h)
{
	struct wanted_sock *w = calloc(ls->n + 1, sizeof(*w));
	size_t n = 0;
	int err;

	if (!w)
		return -ENOMEM;
	for (__u32 i = 0; i < ls->n; i++)
		if (ls->look[i].found == LOOK_MET && ls->look[i].kind == ROW_FULL)
			w[n++] = (struct wanted_sock){ls->look[i].cookie, ls->look[i].ino};
	err = n ? holders_find(h, w, n) : 0;
	free(w);
	return err;
}
