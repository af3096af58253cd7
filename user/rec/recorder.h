/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes down what a model is told.  It is told the same, before the model but
 * for rows, and is one of its sinks, to be flushed with the others.
 */
#ifndef TCPDWELL_REC_RECORDER_H
#define TCPDWELL_REC_RECORDER_H

#include "model/model.h"
#include "rec/codec.h"
#include "rec/write.h"

struct recorder {
	struct sink sink;
	struct model *model;
	struct codec *codec;
	struct writer writer;
	struct rec_meta meta;
	struct rec_netns *netns;
	unsigned int n_netns;
	__u64 transitions; /* written */
	__u64 block_ns;	   /* when the block's first event came, 0: none yet */
	__u64 file_ns;	   /* when the file was begun */
	__u64 known_size;  /* of what the file began with: connections that were known */
	int err;	   /* what ended the recording too early */
};

/*
 * Makes the file and begins it.  `names`: of network namespaces; stays the
 * caller's.  0 or -errno; the message is out.
 */
int recorder_open(struct recorder *r, const struct writer_options *o, const struct rec_meta *meta,
		  struct rec_netns *names, unsigned int n_names, struct model *model);

/* Its sink is not to be used after it.  0 or -errno: it is not complete; the message is out. */
int recorder_close(struct recorder *r);

/* A record of the ring buffer. */
void recorder_record(struct recorder *r, const void *rec, size_t size);

/* Hands the row to the model. */
void recorder_row(struct recorder *r, const struct row_sock *row);

/* Any other event: see struct rec_at. */
void recorder_at(struct recorder *r, enum rec_event_kind kind, __u64 now_ns, __u64 value,
		 __u64 value2);

/* Just before model_resync_end() and model_tick(). */
void recorder_resync_end(struct recorder *r, __u64 now_ns);
void recorder_tick(struct recorder *r, __u64 now_ns);

/* When there is something to be written at the latest, whatever comes; UINT64_MAX: nothing is. */
__u64 recorder_due(const struct recorder *r);

/* Rules that have the same deadlines have the same fingerprint. */
__u64 rules_fingerprint(const struct rules *r);

#endif
