/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Talk goes to stderr: stdout is data. */
#ifndef TCPDWELL_UTIL_LOG_H
#define TCPDWELL_UTIL_LOG_H

/* "tcpdwell: ...", a line on stderr.  What comes from outside must be escaped before. */
void warn_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As warn_line(), only with --verbose. */
void debug_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* While stderr is a screen's: each message, without a newline, goes to take() instead; NULL ends
 * that. */
void log_divert(void (*take)(const char *line));

void log_set_verbose(int on);
int log_is_verbose(void);

#endif
