// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model/listing.h"

static void count_state(struct listing_counts *c, const struct row_sock *r)
{
	__u64 stay_ns = row_stay_ns(r);

	c->sockets++;
	c->by_state[r->state]++;
	if (stay_ns <= c->longest_ns[r->state])
		return;
	c->longest_ns[r->state] = stay_ns;
	c->at_least[r->state] = r->flags & ROW_AT_LEAST;
}

/* Which process; what no process holds is one together. */
static __u32 process_of(const struct row_sock *r)
{
	return r->ident.owner.how ? r->ident.owner.pid : 0;
}

static int by_process(const void *a, const void *b)
{
	__u32 x = process_of(*(const struct row_sock *const *)a);
	__u32 y = process_of(*(const struct row_sock *const *)b);

	return (x > y) - (x < y);
}

static int by_sockets(const void *a, const void *b)
{
	const struct process_count *x = a, *y = b;

	if (x->sockets != y->sockets)
		return x->sockets < y->sockets ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void begin_process(struct listing_counts *c, const struct row_sock *r)
{
	struct process_count *p = &c->process[c->n_processes++];

	memset(p, 0, sizeof(*p));
	p->pid = process_of(r);
	if (p->pid)
		memcpy(p->comm, r->ident.owner.comm, sizeof(p->comm));
}

static __u32 count_pids(const struct row_sock **rows, __u32 n)
{
	__u32 pids = 0;

	for (__u32 i = 0; i < n; i++)
		pids += !i || process_of(rows[i]) != process_of(rows[i - 1]);
	return pids;
}

static int add_processes(struct listing_counts *c, const struct row_sock **rows, __u32 n)
{
	qsort(rows, n, sizeof(*rows), by_process);
	c->process = malloc((count_pids(rows, n) + 1) * sizeof(*c->process));
	if (!c->process)
		return -ENOMEM;
	for (__u32 i = 0; i < n; i++) {
		struct process_count *p;

		if (!i || process_of(rows[i]) != process_of(rows[i - 1]))
			begin_process(c, rows[i]);
		p = &c->process[c->n_processes - 1];
		p->sockets++;
		p->by_state[rows[i]->state]++;
	}
	qsort(c->process, c->n_processes, sizeof(*c->process), by_sockets);
	return 0;
}

static int count_processes(const struct listing *l, struct listing_counts *c)
{
	const struct row_sock **rows = malloc((l->n_order + 1) * sizeof(*rows));
	int err;

	if (!rows)
		return -ENOMEM;
	for (__u32 i = 0; i < l->n_order; i++)
		rows[i] = listing_row(l, i);
	err = add_processes(c, rows, l->n_order);
	free(rows);
	return err;
}

int listing_count(const struct listing *l, struct listing_counts *c, bool processes)
{
	memset(c, 0, sizeof(*c));
	for (__u32 i = 0; i < l->n_order; i++)
		count_state(c, listing_row(l, i));
	return processes ? count_processes(l, c) : 0;
}

void listing_counts_free(struct listing_counts *c)
{
	free(c->process);
	memset(c, 0, sizeof(*c));
}
