/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events to the columns of a block, and back: see format.h. */
#ifndef TCPDWELL_REC_CODEC_H
#define TCPDWELL_REC_CODEC_H

#include "rec/dict.h"
#include "rec/event.h"

enum column_no {
	COL_SHAPE = 0,
	COL_TIME,
	COL_COOKIE,
	COL_DWELL,
	COL_PORT,
	COL_ADDR,
	COL_WHO,
	COL_BORN,
	COL_AGE,
	COL_BYTES,
	COL_RTT,
	COL_LEFT,
	COL_MISC,
	COL_ROW,
	COL_NEW, /* new entries of the dictionaries */
	COL_RAW, /* addresses, names */
	COLS,
};

/* A connection that the block spoke of, from which the rest of it can be foretold. */
struct seen_conn {
	__u64 cookie;
	__u64 since_ns;
	__u64 born_ns;
	__u16 lport;
};

#define SEEN_CONNS 4096

struct codec {
	struct {
		__u8 *base;
		__u8 *at;
		const __u8 *end; /* reading */
	} col[COLS];
	__u8 *memory; /* writing: of the columns */
	struct dict shapes, addrs, who, comms, cgroups;
	struct {
		__u64 cookie;
		__u64 left_ns;
	} last[DICT_MAX + 1]; /* by shape */
	struct seen_conn seen[SEEN_CONNS];
	__u64 first_ns;
	__u64 last_ns; /* of the event before */
	__u64 events;
	__u32 transitions;
	bool bad; /* reading: it makes no sense */
	/* Writing: path of a cgroup, or NULL.  May be NULL itself. */
	const char *(*cgroup_path)(__u64 id);
	/* Writing: name of the pod that a path is of, or NULL.  May be NULL itself. */
	const char *(*pod_of_path)(const char *path);
	/* Reading: each path, as it was; after it a zero byte and the pod's name, if that was
	 * known.  May be NULL. */
	void (*cgroup_is)(void *ctx, __u64 id, const char *path, size_t len);
	void *cgroup_ctx;
};

/* 0 or -ENOMEM. */
int codec_init(struct codec *c, bool writing);
void codec_free(struct codec *c);

/* Writing: a block begins; an event, whose body is what its kind has in struct rec_event; the size
 * so far; the content, of which there must be room for codec_size(). */
void codec_begin(struct codec *c);
void codec_put(struct codec *c, unsigned int kind, const void *body);
size_t codec_size(const struct codec *c);
void codec_pack(const struct codec *c, __u8 *to);

/* Reading: the content of a block, which has to stay.  0 or -EBADMSG. */
int codec_open(struct codec *c, __u8 *raw, size_t size);

/* 1; 0 at the end; -EBADMSG: it makes no sense, or rec_event_ok() says no. */
int codec_get(struct codec *c, struct rec_event *e);

#endif
