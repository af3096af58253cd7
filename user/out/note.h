/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the text output.  For files of out/ only. */
#ifndef TCPDWELL_OUT_NOTE_H
#define TCPDWELL_OUT_NOTE_H

#include "model/names.h"
#include "out/buf.h"
#include "out/escape.h"
#include "out/fmt.h"

#define OWNER_TEXT_MAX (TERM_ESCAPE_MAX * 256 + 2 * FMT_U64_MAX)
#define NOTE_MAX 512

/*
 * "nginx/1234", "java/1234/1250" where the thread is not the first one, the
 * cgroup's name in brackets where no process is known, "-" where nothing is.
 * Escaped.  *keep: bytes at the end that tell the most.
 */
char *owner_text(char *p, const struct sock_ident *id, const char *cgroup, size_t *keep);

/* Roles, reason and figures of a transition, as far as they fit into so many columns. */
char *note_text(char *p, const struct transition *t, unsigned int limit);

/* An alert, without its time, in parts that can stand on lines of their own. */
#define ALERT_PARTS 5

struct alert_text {
	unsigned int n;
	const char *part[ALERT_PARTS];
	size_t len[ALERT_PARTS];
	char text[3072];
};

void alert_text(struct alert_text *t, const struct alert *a, const char *state, const char *cgroup);

/* The lines before and after the data. */
void hello_talk(struct obuf *b, const struct hello *h, enum name_set names);
void summary_talk(struct obuf *b, const struct summary *sum);
/* The same without transitions. */
void alerts_talk(struct obuf *b, const struct summary *sum);

#endif
