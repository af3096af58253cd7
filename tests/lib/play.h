/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Scenarios of several acts, with a wait that all of them share between two acts. */
#ifndef TEST_PLAY_H
#define TEST_PLAY_H

#include "drive.h"
#include "tiers.h"

struct scenario {
	void (*begin)(struct drive *d, int tun, const struct fam *f);
	void (*act)(struct drive *d); /* NULL: only time does */
};

#define SCENARIOS_MAX 16

struct play {
	const struct scenario *s;
	int n;
	int tun;
	struct drive d[FAM_COUNT][SCENARIOS_MAX];
};

/* In a namespace of its own, with a TUN device.  Skips the program without one. */
void play_init(struct play *p, const struct scenario *s, int n);
void play_begin(struct play *p);
void play_act(struct play *p);

/* Steps that many scenarios have. */
/* close(), acknowledged: FIN_WAIT_2 goes on in a small socket. */
void drive_small_fin_wait_2(struct drive *d, int tun, const struct fam *f);
/* The peer's FIN in FIN_WAIT_2. */
void drive_peer_fin(struct drive *d);
/* To TIMED_WAIT, with no descriptor left. */
void drive_timed_wait(struct drive *d, int tun, const struct fam *f);

#endif
