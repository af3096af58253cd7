/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Output of a batch, collected and written with one write(2).
 *
 * A writer asks for room, writes into it and says where it ended:
 *
 *	char *p = obuf_room(b, LINE_MAX);
 *
 *	if (!p)
 *		return;
 *	p = fmt_u64(p, n);
 *	obuf_done(b, p);
 *
 * The first error stays: from then on what is written is dropped without a
 * word, and each obuf_flush() returns that error.
 */
#ifndef TCPDWELL_OUT_BUF_H
#define TCPDWELL_OUT_BUF_H

#include <stddef.h>

/* More than this is not kept for the end of a batch. */
#define OBUF_EARLY (256U << 10)

struct obuf {
	char *data;
	size_t len;
	size_t cap;
	int fd;
	int err;
};

/* A buffer for fd, which stays the caller's; -1: for memory, b.data has what was written, which
 * obuf_clear() drops.  0 or -ENOMEM. */
int obuf_init(struct obuf *b, int fd);

/* Frees the memory; what was not flushed is lost. */
void obuf_free(struct obuf *b);

/* At least n bytes to write to; NULL without memory for them, which is an error that stays. */
char *obuf_room(struct obuf *b, size_t n);

/* All up to end, inside the room given last, is to be written. */
void obuf_done(struct obuf *b, const char *end);

void obuf_clear(struct obuf *b);

/* Appends n bytes. */
void obuf_add(struct obuf *b, const char *data, size_t n);

/*
 * Writes everything out; waits where fd is full.  0 or -errno, -EPIPE once the
 * reader is gone (with SIGPIPE ignored), -ETIMEDOUT as obuf_stop_on() has it.
 */
int obuf_flush(struct obuf *b);

/*
 * From here on no obuf_flush() to stdout or stderr keeps the process from ending:
 * once stop_fd is readable, or obuf_stopping() was called, a reader that takes
 * nothing for OBUF_PATIENCE_MS is waited for no longer.  -1: as before.
 */
#define OBUF_PATIENCE_MS 3000
void obuf_stop_on(int stop_fd);
void obuf_stopping(void);

#endif
