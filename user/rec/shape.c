// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "rec/shape.h"

union shape shape_of(unsigned int kind, const void *body)
{
	union shape s = {.b = {kind}};

	if (kind <= REC_OPEN_END) {
		const struct rec_step *r = body;

		memcpy(s.b + 1, (__u8[]){r->from, r->to, r->flags, r->roles}, 4);
	} else if (kind == REC_SMALL) {
		const struct rec_small *r = body;

		memcpy(s.b + 1, (__u8[]){r->what, r->substate, r->via}, 3);
	} else if (kind == REC_REQUEST) {
		const struct rec_request *r = body;

		memcpy(s.b + 1, (__u8[]){r->what, r->family, r->retransmits}, 3);
	} else if (kind == EV_ROW) {
		const struct row_sock *r = body;

		memcpy(s.b + 1, (__u8[]){r->kind, r->state, r->roles, r->flags}, 4);
	}
	return s;
}

void shape_to(const __u8 b[8], struct rec_event *e)
{
	static const size_t sizes[] = {
		[REC_STEP] = sizeof(e->step),	[REC_OPEN] = sizeof(e->open),
		[REC_END] = sizeof(e->end),	[REC_OPEN_END] = sizeof(e->open_end),
		[REC_SMALL] = sizeof(e->small), [REC_REQUEST] = sizeof(e->request),
		[REC_OWNER] = sizeof(e->owner), [EV_ROW] = sizeof(e->row),
		[EV_META] = sizeof(e->meta),	[EV_NETNS] = sizeof(e->netns),
	};
	size_t size = b[0] <= EV_NETNS ? sizes[b[0]] : sizeof(e->at);

	e->kind = b[0];
	memset(&e->step, 0, size);
	if (b[0] <= REC_OPEN_END) {
		e->step.kind = b[0];
		e->step.from = b[1];
		e->step.to = b[2];
		e->step.flags = b[3];
		e->step.roles = b[4];
	} else if (b[0] == REC_SMALL) {
		e->small.kind = b[0];
		e->small.what = b[1];
		e->small.substate = b[2];
		e->small.via = b[3];
	} else if (b[0] == REC_REQUEST) {
		e->request.kind = b[0];
		e->request.what = b[1];
		e->request.family = b[2];
		e->request.retransmits = b[3];
	} else if (b[0] == REC_OWNER) {
		e->owner.kind = b[0];
	} else if (b[0] == EV_ROW) {
		e->row.kind = b[1];
		e->row.state = b[2];
		e->row.roles = b[3];
		e->row.flags = b[4];
	}
}
