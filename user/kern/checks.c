// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/capability.h>

#include <bpf/btf.h>

#include "kern/census.h"
#include "kern/cgroup.h"
#include "kern/checks.h"
#include "kern/netns.h"
#include "kern/probe.h"
#include "kern/tracer.h"

#define NO_TIMERS "where fentry is missing too, TIMED_WAIT is told by sweeps, up to a second late"
#define INIT_PID_NS 0xeffffffcU /* PROC_PID_INIT_INO, Linux 3.8 */

static struct finding *add(struct checkup *c, const char *id, const char *name, const char *lost)
{
	struct finding *f = &c->finding[c->n++];

	*f = (struct finding){.id = id, .name = name, .lost = lost, .usable = true};
	return f;
}

static void refuse(struct finding *f, int err, const char *why)
{
	f->usable = false;
	f->err = err;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

/* The first line of a small file; "" and -errno where it can't be read. */
static int read_line(const char *path, char *line, size_t len)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	*line = '\0';
	if (!f)
		return -errno;
	if (!fgets(line, len, f))
		err = -EIO;
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return err;
}

/*
 * Who asks
 */

#define N(a) (sizeof(a) / sizeof((a)[0]))

static unsigned long long effective_caps(void)
{
	unsigned long long caps = 0;
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff:", 7))
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps;
}

static void check_cap(struct finding *f, int bit, const char *name)
{
	if (effective_caps() >> bit & 1)
		return;
	refuse(f, -EPERM, "missing: ");
	strcat(f->why, name);
}

/* Of the kernels that this works on each takes CAP_SYS_ADMIN for CAP_BPF and CAP_PERFMON too. */
static void check_rights(struct checkup *c)
{
	struct finding *f = add(c, "rights", "rights",
				"the sockets that are there can't be read, and without CAP_BPF and "
				"CAP_PERFMON nothing can be loaded either: run it as root");
	char map[64];

	f->needed = true;
	check_cap(f, CAP_SYS_ADMIN, "CAP_SYS_ADMIN");
	if (f->usable && !read_line("/proc/self/uid_map", map, sizeof(map)) &&
	    !strstr(map, "4294967295"))
		refuse(f, -EPERM, "in a user namespace of its own, where rights do not count");
}

/* /proc/PID/ns/net is how network namespaces are found. */
static void check_ptrace(struct checkup *c)
{
	check_cap(add(c, "processes", "rights over processes",
		      "network namespaces that are not mounted (/run/netns) are not found: sockets "
		      "that were there before, such as those of containers, are missing"),
		  CAP_SYS_PTRACE, "CAP_SYS_PTRACE");
}

/* iter/task_file goes through the pid namespace of who runs it. */
static void check_pid_ns(struct checkup *c)
{
	struct finding *f =
		add(c, "pid_namespace", "pid namespace",
		    "processes outside this container are not found as owners of sockets "
		    "that were there before");
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		refuse(f, -errno, strerror(errno));
	else if (st.st_ino != INIT_PID_NS)
		refuse(f, 0, "not the host's");
}

static void check_netns(struct checkup *c)
{
	struct finding *f = add(c, "setns", "other network namespaces",
				"sockets that were there before can't be read, here or elsewhere");
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	f->needed = true;
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		refuse(f, -errno, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/*
 * What the kernel was built with, and how it is run
 */

static void check_btf(struct checkup *c)
{
	struct finding *f = add(c, "btf", "kernel types (BTF)",
				"nothing can be loaded: it takes CONFIG_DEBUG_INFO_BTF=y");

	f->needed = true;
	if (!has_kernel_btf())
		refuse(f, -ENOENT, "/sys/kernel/btf/vmlinux is not there");
}

/* "[none] integrity confidentiality"; no such file: no kernel that can be locked down, or no
 * securityfs */
static void check_lockdown(struct checkup *c)
{
	struct finding *f =
		add(c, "lockdown", "freedom from lockdown",
		    "BPF may not read the kernel's memory: boot with lockdown=integrity, or none");
	char line[128], *mode, *end;

	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line))) {
		snprintf(f->value, sizeof(f->value), "the kernel tells of no lockdown");
		return;
	}
	mode = strchr(line, '[');
	end = mode ? strchr(mode, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	snprintf(f->value, sizeof(f->value), "lockdown=%s", mode + 1);
	if (strcmp(mode + 1, "confidentiality"))
		return;
	refuse(f, 0, "lockdown=confidentiality");
	f->needed = true;
}

static void check_unprivileged(struct checkup *c)
{
	struct finding *f =
		add(c, "unprivileged_bpf", "BPF without rights", "nothing: it is of no use here");
	char line[32];

	if (read_line("/proc/sys/kernel/unprivileged_bpf_disabled", line, sizeof(line)))
		snprintf(f->value, sizeof(f->value), "not known");
	else
		snprintf(f->value, sizeof(f->value), "%s, not used",
			 !strcmp(line, "0") ? "allowed" : "disabled");
}

static void check_jit(struct checkup *c)
{
	struct finding *f = add(c, "jit", "BPF compiler (JIT)",
				"BPF programs are interpreted, and each transition costs more");
	char line[32];

	if (read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)))
		snprintf(f->value, sizeof(f->value), "not known");
	else if (!strcmp(line, "0"))
		refuse(f, 0, "net.core.bpf_jit_enable is 0");
}

/* The root's id is 1. */
static void check_cgroup(struct checkup *c)
{
	struct finding *f = add(c, "cgroup2", "cgroup v2",
				"cgroups have no names, only numbers, and --cgroup takes none");

	if (!cgroup_path(1))
		refuse(f, -ENOENT, "not mounted, or CAP_DAC_READ_SEARCH is missing");
}

/*
 * What it is asked with a program of its own
 */

static const struct probe {
	const char *id;
	const char *name;
	const char *value;
	const char *program[3]; /* each must do */
	bool needed;
	const char *lost;
} probes[] = {
	{"tracepoint",
	 "state tracepoint",
	 "inet_sock_set_state",
	 {"probe_tracepoint"},
	 true,
	 "no transition is seen"},
	{"read_kernel",
	 "reading kernel memory",
	 "bpf_probe_read_kernel",
	 {"probe_read_kernel"},
	 true,
	 "what a socket leaves behind, its cgroup, its owner's name are out of reach"},
	{"ring_buffer", "ring buffer", "", {"probe_ring"}, true, "no transition can be told"},
	{"socket_storage",
	 "socket storage",
	 "",
	 {"probe_storage"},
	 false,
	 "a table by address takes its place: a little slower, a million sockets at most"},
	{"socket_cookie",
	 "socket cookies",
	 "",
	 {"probe_cookie"},
	 false,
	 "ids of tcpdwell's own stand in for them: not those that ss -e shows, and others in "
	 "each run; holders looks through /proc"},
	{"iter_tcp",
	 "socket iterator",
	 "iter/tcp",
	 {"probe_iter_tcp"},
	 true,
	 "sockets that were there before are not known, and there is no list"},
	{"iter_task_file",
	 "descriptor iterator",
	 "iter/task_file",
	 {"probe_iter_task_file"},
	 true,
	 "sockets that were there before have no owner"},
	{"sock_from_file",
	 "sockets of descriptors",
	 "bpf_sock_from_file",
	 {"probe_sock_from_file"},
	 false,
	 "the sockets behind descriptors are told by their file operations"},
	{"resets",
	 "reset tracepoints",
	 "tcp_receive_reset, tcp_send_reset",
	 {"probe_receive_reset", "probe_send_reset"},
	 true,
	 "which side sent a RST is not known"},
	{"fentry",
	 "fentry",
	 "",
	 {"probe_fentry"},
	 false,
	 "TIMED_WAIT is seen by timers or sweeps; the owner of an accepted socket is its "
	 "listener's, not the task that accepted it"},
	{"fexit", "fexit", "", {"probe_fexit"}, false, "no fentry tier, as without fentry"},
	{"timers",
	 "timer tracepoints",
	 "timer_start, timer_cancel, timer_expire_entry",
	 {"probe_timer_start", "probe_timer_cancel", "probe_timer_expire"},
	 false,
	 NO_TIMERS},
};

static void check_probe(struct checkup *c, const struct probe *p)
{
	struct finding *f = add(c, p->id, p->name, p->lost);

	f->needed = p->needed;
	snprintf(f->value, sizeof(f->value), "%s", p->value);
	for (size_t i = 0; i < N(p->program) && p->program[i] && f->usable; i++) {
		f->err = probe_program(p->program[i], f->why, sizeof(f->why));
		f->usable = !f->err;
	}
}

/* Zero stands in /proc/kallsyms for an address that is not told; the program says whether it is
 * used. */
static void check_symbol(struct checkup *c, const char *symbol, const char *program,
			 const char *lost)
{
	struct finding *f = add(c, symbol, symbol, lost);

	f->err = probe_program(program, f->why, sizeof(f->why));
	f->usable = !f->err;
	if (f->usable && !has_kernel_symbol(symbol))
		refuse(f, -ENOENT,
		       "/proc/kallsyms does not tell its address: that takes CAP_SYSLOG, and "
		       "kernel.kptr_restrict below 2");
}

static void check_casts(struct checkup *c)
{
	struct finding *f = add(c, "rdonly_cast", "reads without a call",
				"each field of a small or a request socket costs some 20 ns more");
	struct btf *btf = btf__load_vmlinux_btf();

	snprintf(f->value, sizeof(f->value), "bpf_rdonly_cast");
	if (!btf || !has_rdonly_cast(btf))
		refuse(f, 0, "before Linux 6.2, or without a JIT that takes kernel functions");
	btf__free(btf);
}

/*
 * All together
 */

/* What trace does before its first line: where loading is allowed, reading may not be. */
static void check_tracer(struct checkup *c)
{
	struct tracer_options o = {.tier = TIER_AUTO};
	struct netns_set none = {0}; /* no rows either */
	struct tracer t;
	int err;

	if (tracer_open(&t, &o))
		return;
	err = tracer_rows_of(&t, &none, NULL, NULL);
	if (err) {
		tracer_explain_rows(err);
	} else {
		c->can_trace = true;
		c->tier = tier_name(t.tier);
		snprintf(c->tier_reason, sizeof(c->tier_reason), "%s", t.tier_reason);
	}
	tracer_close(&t);
}

/* Only where it can work at all: the message was said. */
static void check_census(struct checkup *c)
{
	struct finding *f = add(c, "light_load", "relocation by the kernel",
				"list takes a fifth of a second longer, and shows SYN_SEND and "
				"SYN_RECEIVED without their age");
	struct filter all = {0};
	struct census census;

	if (!c->can_trace || census_open(&census, &all)) {
		refuse(f, 0, "not tried, since the rest does not work");
		return;
	}
	if (!census.fast)
		refuse(f, 0, "before Linux 5.17");
	census_close(&census);
}

void checks_run(struct checkup *c)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct utsname host;

	memset(c, 0, sizeof(*c));
	uname(&host);
	snprintf(c->kernel, sizeof(c->kernel), "%s", host.release);
	snprintf(c->arch, sizeof(c->arch), "%s", host.machine);
	setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 charge maps to it */
	check_rights(c);
	check_ptrace(c);
	check_netns(c);
	check_pid_ns(c);
	check_btf(c);
	check_lockdown(c);
	check_unprivileged(c);
	check_jit(c);
	check_cgroup(c);
	for (size_t i = 0; i < N(probes); i++)
		check_probe(c, &probes[i]);
	check_symbol(c, "tw_timer_handler", "probe_tw_handler", NO_TIMERS);
	check_symbol(c, "reqsk_timer_handler", "probe_reqsk_handler",
		     "handshakes that never complete are not seen, but for those that sweeps meet");
	check_casts(c);
	check_tracer(c);
	check_census(c);
}
