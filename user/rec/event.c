// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rec/event.h"
#include "states.h"

#define TIME_MAX (1ULL << 62)

static bool time_ok(__u64 ns)
{
	return ns < TIME_MAX;
}

static bool left_ok(__u64 now_ns, __s64 left_ns)
{
	return left_ns < (__s64)TIME_MAX && left_ns >= -(__s64)now_ns;
}

static bool state_ok(unsigned int state)
{
	return state > ST_NONE && state < ST_MAX;
}

static bool family_ok(unsigned int family)
{
	return !family || family == 4 || family == 6;
}

static bool ident_ok(const struct sock_ident *id)
{
	return family_ok(id->family) && id->owner.how <= OWNER_OPEN && time_ok(id->born_ns);
}

static bool step_ok(const struct rec_event *e)
{
	const struct rec_step *s = &e->step;

	if (!state_ok(s->from) || !state_ok(s->to) || !time_ok(s->mono_ns) ||
	    s->dwell_ns > s->mono_ns || s->roles >> 4)
		return false;
	if (s->kind & REC_OPEN && !ident_ok(&e->open.ident))
		return false;
	return s->kind != REC_OPEN_END || time_ok(e->open_end.end.age_ns);
}

static bool small_ok(const struct rec_small *s)
{
	return s->what && s->what < SMALL_NWHATS && s->substate < ST_MAX && s->via < VIA_MAX &&
	       time_ok(s->mono_ns) && left_ok(s->mono_ns, s->left_ns);
}

static bool request_ok(const struct rec_request *r)
{
	return r->what && r->what < REQUEST_NWHATS && family_ok(r->family) && time_ok(r->mono_ns);
}

static bool row_ok(const struct row_sock *r)
{
	return r->kind >= ROW_FULL && r->kind <= ROW_REQUEST && r->state < ST_MAX &&
	       !(r->roles >> 4) && time_ok(r->mono_ns) && time_ok(r->since_ns) &&
	       left_ok(r->mono_ns, r->left_ns) && ident_ok(&r->ident);
}

static bool meta_ok(const struct rec_meta *m)
{
	return left_ok(TIME_MAX, m->mono_to_real_ns) && time_ok(m->start_ns) &&
	       m->small_source <= 2;
}

static bool at_ok(const struct rec_event *e)
{
	const struct rec_at *at = &e->at;

	if (!time_ok(at->now_ns))
		return false;
	if (e->kind == EV_LOST)
		return at->cause < LOST_NCAUSES;
	if (e->kind == EV_UNMET)
		return at->missed < 256;
	return e->kind == EV_HELLO ? at->n_netns <= (__u32)-1 : time_ok(at->value);
}

bool rec_event_ok(const struct rec_event *e)
{
	switch (e->kind) {
	case REC_STEP:
	case REC_OPEN:
	case REC_END:
	case REC_OPEN_END:
		return step_ok(e);
	case REC_SMALL:
		return small_ok(&e->small);
	case REC_REQUEST:
		return request_ok(&e->request);
	case REC_OWNER:
		return e->owner.owner.how <= OWNER_OPEN;
	case EV_ROW:
		return row_ok(&e->row);
	case EV_META:
		return meta_ok(&e->meta);
	case EV_NETNS:
		return true;
	default:
		return e->kind > EV_NETNS && e->kind < EV_MAX && at_ok(e);
	}
}
