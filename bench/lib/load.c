// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "subject.h"

const struct scenario scenarios[] = {
	{"loop4", "loopback, IPv4", {NULL}, 1, false, 0, NULL, false},
	{"loop4x2", "loopback, IPv4, 2 threads", {"-t", "2", NULL}, 2, false, 0, NULL, false},
	{"loop6", "loopback, IPv6", {"-6", NULL}, 1, false, 0, NULL, false},
	{"rst4", "loopback, IPv4, ended by RST", {"-r", NULL}, 1, true, 0, NULL, false},
	{"veth4", "veth, IPv4", {"-v", NULL}, 1, false, 0, NULL, false},
	{"veth6", "veth, IPv6", {"-v", "-6", NULL}, 1, false, 0, NULL, false},
	{"idle4", "loopback, IPv4, 20,000 others stay open", {NULL}, 1, false, 20000, NULL, false},
	{"web", "nginx and wrk, keep-alive off", {NULL}, 1, false, 0, "web", true},
};
const unsigned int n_scenarios = sizeof(scenarios) / sizeof(*scenarios);

unsigned int load_port(void)
{
	return 2000 + (unsigned int)getpid() % 7000;
}

static int start(struct load *l, const char *const argv[])
{
	char line[64];
	int err;

	if (!argv[0])
		return -ENOENT;
	err = proc_start(&l->proc, argv, -1, -1);
	if (!err)
		err = proc_line(&l->proc, line, sizeof(line));
	if (!err && strcmp(line, "ready"))
		err = -EPROTO;
	if (err)
		load_close(l);
	return err;
}

int load_hold(struct load *l, const struct scenario *s)
{
	char n[24];
	const char *const argv[] = {beside("storm"), "--idle", n, NULL};

	*l = (struct load){0};
	snprintf(n, sizeof(n), "%u", s->held);
	return s->held ? start(l, argv) : 0;
}

int load_open(struct load *l, const struct scenario *s, unsigned long connections)
{
	const char *argv[16] = {beside(s->program ? s->program : "storm")};
	char n[24], port[16];
	int i = 1;

	*l = (struct load){.connections = connections};
	snprintf(n, sizeof(n), "%lu", connections);
	snprintf(port, sizeof(port), "%u", load_port());
	argv[i++] = "--port";
	argv[i++] = port;
	if (!s->program) {
		argv[i++] = "--pause";
		argv[i++] = "--pin";
		argv[i++] = "-n";
		argv[i++] = n;
	}
	for (const char *const *arg = s->args; *arg; arg++)
		argv[i++] = *arg;
	return start(l, argv);
}

int load_run(struct load *l)
{
	char line[256];
	int err;

	if (write(l->proc.in, "g", 1) != 1)
		return -errno;
	err = proc_line(&l->proc, line, sizeof(line));
	if (err)
		return err;
	if (sscanf(line,
		   "connections=%lu seconds=%*f rate=%lf quiet_rate=%lf cpu_ns=%*u transitions=%lu",
		   &l->connections, &l->rate, &l->quiet_rate, &l->transitions) != 4)
		return -EPROTO;
	return 0;
}

void load_close(struct load *l)
{
	proc_finish(&l->proc);
}
