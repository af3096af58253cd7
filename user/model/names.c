// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include "model/names.h"

/* Columns in the order of enum name_set. */
static const char *const state_names[ST_MAX][NAME_SETS] = {
	[ST_ESTABLISHED] = {"ESTABLISHED", "ESTABLISHED", "TCP_ESTABLISHED"},
	[ST_SYN_SENT] = {"SYN_SEND", "SYN-SENT", "TCP_SYN_SENT"},
	[ST_SYN_RECV] = {"SYN_RECEIVED", "SYN-RECEIVED", "TCP_SYN_RECV"},
	[ST_FIN_WAIT1] = {"FIN_WAIT_1", "FIN-WAIT-1", "TCP_FIN_WAIT1"},
	[ST_FIN_WAIT2] = {"FIN_WAIT_2", "FIN-WAIT-2", "TCP_FIN_WAIT2"},
	[ST_TIME_WAIT] = {"TIMED_WAIT", "TIME-WAIT", "TCP_TIME_WAIT"},
	[ST_CLOSE] = {"CLOSED", "CLOSED", "TCP_CLOSE"},
	[ST_CLOSE_WAIT] = {"CLOSE_WAIT", "CLOSE-WAIT", "TCP_CLOSE_WAIT"},
	[ST_LAST_ACK] = {"LAST_ACK", "LAST-ACK", "TCP_LAST_ACK"},
	[ST_LISTEN] = {"LISTEN", "LISTEN", "TCP_LISTEN"},
	/* Not in the article: it leaves the simultaneous close out. */
	[ST_CLOSING] = {"CLOSING", "CLOSING", "TCP_CLOSING"},
	[ST_NEW_SYN_RECV] = {"SYN_RECEIVED", "SYN-RECEIVED", "TCP_NEW_SYN_RECV"},
	[ST_BOUND_INACTIVE] = {"BOUND_INACTIVE", "BOUND-INACTIVE", "TCP_BOUND_INACTIVE"},
};

/* What ss and netstat call them, where none of the three sets does. */
static const struct {
	const char *name;
	unsigned int state;
} state_aliases[] = {
	{"ESTAB", ST_ESTABLISHED},
	{"UNCONN", ST_CLOSE},
};

static const char *const set_names[NAME_SETS] = {
	[NAMES_ARTICLE] = "article",
	[NAMES_RFC] = "rfc",
	[NAMES_KERNEL] = "kernel",
};

static const char *const reason_names[REASON_MAX] = {
	[REASON_FIN] = "fin",
	[REASON_RESET_RECEIVED] = "reset_received",
	[REASON_RESET_SENT] = "reset_sent",
	[REASON_TIMEOUT] = "timeout",
	[REASON_REFUSED] = "refused",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_ABORTED] = "aborted",
	[REASON_TIME_WAIT_OVERFLOW] = "time_wait_overflow",
	[REASON_EXPIRED] = "expired",
	[REASON_REUSED] = "reused",
	[REASON_KILLED] = "killed",
	[REASON_UNKNOWN] = "unknown",
};

static const char *const role_names[] = {
	[ROLE_ACTIVE] = "active",
	[ROLE_PASSIVE] = "passive",
	[ROLE_SIMULTANEOUS] = "simultaneous",
};

static const char *const via_names[VIA_MAX] = {
	[VIA_TRACEPOINT] = "tracepoint",
	[VIA_FENTRY] = "fentry",
	[VIA_TIMER] = "timer",
	[VIA_SWEEP] = "sweep",
};

static const char *const lost_names[LOST_NCAUSES] = {
	[LOST_RING_FULL] = "ring_full",
	[LOST_STORAGE] = "storage",
	[LOST_INTERRUPTED] = "interrupted",
	[LOST_NOT_SHOWN] = "not_shown",
};

static const char *const diagnosis_names[DIAG_MAX] = {
	[DIAG_EOF_UNREAD] = "eof_unread",
	[DIAG_EOF_READ_NOT_CLOSED] = "eof_read_not_closed",
	[DIAG_DATA_UNREAD] = "data_unread",
	[DIAG_HALF_CLOSE_IN_USE] = "half_close_in_use",
	[DIAG_NO_HOLDER] = "no_holder",
	[DIAG_KEPT_BY_OTHER] = "kept_by_other",
	[DIAG_IN_FLIGHT] = "in_flight",
	[DIAG_NOT_ACCEPTED] = "not_accepted",
	[DIAG_PEER_NOT_CLOSING] = "peer_not_closing",
	[DIAG_FIN_NOT_ACKED] = "fin_not_acked",
	[DIAG_NO_ANSWER] = "no_answer",
};

static const char *const owner_how_names[] = {
	[OWNER_LISTENER] = "listener",
	[OWNER_DESCRIPTOR] = "descriptor",
	[OWNER_ACCEPT] = "accept",
	[OWNER_OPEN] = "open",
};

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define LOOKUP(table, i) ((unsigned int)(i) < N(table) ? (table)[i] : NULL)

const char *state_name(enum name_set set, unsigned int state)
{
	const char *name = NULL;

	if (state < ST_MAX && (unsigned int)set < NAME_SETS)
		name = state_names[state][set];
	return name ? name : "?";
}

/* ASCII only: the spelling of a state must not hang on the locale. */
static char fold(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 'A';
	return c == '-' ? '_' : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static const char *without_tcp(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (fold(name[i]) != "TCP_"[i])
			return name;
	return name + 4;
}

unsigned int state_by_name(const char *name)
{
	const char *bare = without_tcp(name);

	for (unsigned int state = 0; state < ST_MAX; state++)
		for (int set = 0; set < NAME_SETS; set++)
			if (state_names[state][set] &&
			    same_name(bare, without_tcp(state_names[state][set])))
				return state;
	for (size_t i = 0; i < N(state_aliases); i++)
		if (same_name(bare, state_aliases[i].name))
			return state_aliases[i].state;
	return ST_NONE;
}

int name_set_by_name(const char *name)
{
	for (int set = 0; set < NAME_SETS; set++)
		if (!strcasecmp(name, set_names[set]))
			return set;
	return -EINVAL;
}

const char *reason_name(enum reason reason)
{
	return LOOKUP(reason_names, reason);
}

const char *role_name(enum sock_role role)
{
	return LOOKUP(role_names, role);
}

const char *via_name(enum via via)
{
	return LOOKUP(via_names, via);
}

const char *lost_name(enum lost_cause cause)
{
	return LOOKUP(lost_names, cause);
}

const char *diagnosis_name(enum diagnosis diagnosis)
{
	return LOOKUP(diagnosis_names, diagnosis);
}

const char *owner_how_name(enum owner_how how)
{
	return LOOKUP(owner_how_names, how);
}
