/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text from outside (a comm is any bytes that its process chose, a cgroup's
 * path any bytes but '/' and NUL) on its way to a reader.  Neither function
 * writes a NUL; both return the end.
 */
#ifndef TCPDWELL_OUT_ESCAPE_H
#define TCPDWELL_OUT_ESCAPE_H

#include <stddef.h>

/* Bytes written at most for one read. */
#define JSON_ESCAPE_MAX 6
#define TERM_ESCAPE_MAX 4

/*
 * The inside of a JSON string (RFC 8259 section 7).  UTF-8 stays what it is,
 * but for what can act on a terminal: control characters and the invisible
 * ones that reorder text become \uXXXX.  A byte XX that is not part of valid
 * UTF-8 becomes \u00XX: it keeps its value (two names that differ in such
 * bytes do not become the same), and names in Latin-1 read right.  The price
 * is that such a byte is not told from that character in UTF-8.
 */
char *json_escape(char *p, const char *s, size_t n);

/*
 * The same for a terminal: control characters (C0, DEL, C1), invisible and
 * reordering ones, and what is not UTF-8 become \xNN, byte for byte.
 */
char *term_escape(char *p, const char *s, size_t n);

/*
 * How many columns of a terminal n bytes of term_escape()'s output take.  East
 * Asian wide characters and emoji are two; what no two terminals agree on
 * counts as the wider.
 */
unsigned int term_columns(const char *s, size_t n);

/* Bytes of the longest beginning of s that takes at most so many columns. */
size_t term_fit(const char *s, size_t n, unsigned int columns);

#endif
