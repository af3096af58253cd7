// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "subject.h"

const struct scenario scenarios[] = {
	{"loop4", "loopback, IPv4", {NULL}, 1, false},
	{"loop4x2", "loopback, IPv4, 2 threads", {"-t", "2", NULL}, 2, false},
	{"loop6", "loopback, IPv6", {"-6", NULL}, 1, false},
	{"rst4", "loopback, IPv4, ended by RST", {"-r", NULL}, 1, true},
	{"veth4", "veth, IPv4", {"-v", NULL}, 1, false},
	{"veth6", "veth, IPv6", {"-v", "-6", NULL}, 1, false},
	{"idle4", "loopback, IPv4, 20,000 others stay open", {"-i", "20000", NULL}, 1, false},
};
const unsigned int n_scenarios = sizeof(scenarios) / sizeof(*scenarios);

int load_open(struct load *l, const struct scenario *s, unsigned long connections)
{
	const char *argv[16] = {beside("storm"), "--pause", "--pin", "-n"};
	char n[24], line[64];
	int i = 4, err;

	*l = (struct load){.connections = connections};
	if (!argv[0])
		return -ENOENT;
	snprintf(n, sizeof(n), "%lu", connections);
	argv[i++] = n;
	for (const char *const *arg = s->args; *arg; arg++)
		argv[i++] = *arg;
	err = proc_start(&l->proc, argv, NULL, NULL);
	if (!err)
		err = proc_line(&l->proc, line, sizeof(line));
	if (!err && strcmp(line, "ready"))
		err = -EPROTO;
	if (err)
		load_close(l);
	return err;
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
	if (sscanf(line, "connections=%*u seconds=%*f rate=%lf quiet_rate=%lf cpu_ns=%*u transitions=%lu",
		   &l->rate, &l->quiet_rate, &l->transitions) != 3)
		return -EPROTO;
	return 0;
}

void load_close(struct load *l)
{
	proc_finish(&l->proc);
}
