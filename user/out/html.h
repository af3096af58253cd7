/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pieces of an HTML page, for files of out/ only. */
#ifndef TCPDWELL_OUT_HTML_H
#define TCPDWELL_OUT_HTML_H

#include "out/buf.h"

/* Text of ours, as it is. */
void html_raw(struct obuf *b, const char *html);

/* Formatted, of ours or numbers; at most 1 KiB. */
void html_fmt(struct obuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Any bytes, as text or as the value of an attribute in quotes: what acts on a
 * terminal, reorders text or is not UTF-8 becomes \xNN, what HTML would take for
 * its own becomes a reference.
 */
void html_text(struct obuf *b, const char *s, size_t n);
void html_str(struct obuf *b, const char *s);

#endif
