/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `watch` is to a system beside what it prints: pages over HTTP, the
 * journal, a command that it runs, a service of systemd's, and few rights.
 */
#ifndef TCPDWELL_CMD_SERVICE_H
#define TCPDWELL_CMD_SERVICE_H

#include <sys/socket.h>

#include "cmd/alarm.h"
#include "cmd/ports.h"
#include "cmd/run.h"
#include "out/spawner.h"
#include "util/account.h"
#include "util/notify.h"

#define COMMAND_WORDS 64

struct service_options {
	const char *listen; /* as it was given, or NULL */
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool journal;
	char *command;		       /* whose words argv has */
	char *argv[COMMAND_WORDS + 1]; /* --exec; argv[0] NULL: none */
	__u64 exec_timeout_ns;
	bool has_account;
	struct account account; /* --user */
};

struct service {
	const struct service_options *o;
	struct run *run;
	const struct alarm *alarm;
	struct ports *ports;
	struct http *http;    /* NULL: none */
	struct sink *metrics; /* the alarm's */
	struct sink *journal; /* the alarm's */
	struct spawner spawner;
	struct notify notify;
	__u64 http_due_ns;
	__u64 notify_due_ns;
	__u32 stuck_told; /* in the status for systemd */
};

void service_options_init(struct service_options *o);

/* --listen --journal --exec --exec-timeout --user; its input is a struct service_options. */
extern const struct argp service_argp;

/*
 * In this order: first of all; when there are sinks to add, between run_init()
 * and run_start(); when all is attached.  0, or an exit status; the message is out.
 */
int service_begin(struct service *s, const struct service_options *o);
int service_sinks(struct service *s, struct run *r, struct alarm *a, struct ports *p);
int service_start(struct service *s, bool kills);

/* Once a round; gives when it wants to be called again. */
__u64 service_round(struct service *s, __u64 now_ns);

/* Before run_free(). */
void service_end(struct service *s);

#endif
