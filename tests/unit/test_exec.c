// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands that are run for real, through the process that runs them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "has.h"
#include "model/rules.h"
#include "out/exec.h"
#include "out/spawner.h"

static char folder[64], script[96], log_file[96];
static struct spawner spawner;

static void write_script(const char *body)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nexec 3>>%s\n%s\n", log_file, body);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0700), 0);
}

static int setup(void **unused)
{
	(void)unused;
	strcpy(folder, "/tmp/tcpdwell-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(script, sizeof(script), "%s/script", folder);
	snprintf(log_file, sizeof(log_file), "%s/log", folder);
	spawner.fd = -1;
	return 0;
}

static int teardown(void **unused)
{
	char command[128];

	(void)unused;
	spawner_stop(&spawner);
	if (spawner.pid > 0)
		waitpid(spawner.pid, NULL, 0);
	spawner.pid = 0;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void start(__u64 timeout_ns, unsigned int at_once, unsigned int queue, unsigned int a_minute)
{
	static char word[] = "one word", *argv[] = {script, word, NULL};
	struct spawner_options o = {
		.argv = argv,
		.timeout_ns = timeout_ns,
		.at_once = at_once,
		.queue = queue,
		.a_minute = a_minute,
	};

	assert_int_equal(spawner_start(&spawner, &o), 0);
}

static int run(const char *input)
{
	static const char env[] = "TCPDWELL_A=1\0TCPDWELL_B=two words";

	return spawner_run(&spawner, env, sizeof(env), input, strlen(input));
}

static __u64 ended(void)
{
	return spawner.counts.ok + spawner.counts.failed + spawner.counts.timed_out;
}

/* Until so many have ended one way or another, dropped ones included. */
static void wait_ends(__u64 n)
{
	time_t end = time(NULL) + 30;

	while (ended() + spawner.counts.dropped < n) {
		struct pollfd p = {.fd = spawner.fd, .events = POLLIN};

		poll(&p, 1, 1000);
		assert_int_equal(spawner_take(&spawner), 0);
		if (time(NULL) > end)
			fail_msg("%llu ended, not %llu", ended(), n);
	}
}

static char *log_text(void)
{
	static char text[65536];
	FILE *f = fopen(log_file, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

static void input_and_environment(void **unused)
{
	(void)unused;
	write_script("echo \"$1 $# $TCPDWELL_A $TCPDWELL_B\" >&3; cat >&3");
	start(30 * SEC, 1, 8, 600);
	assert_int_equal(run("first\n"), 0);
	assert_int_equal(run("second\n"), 0);
	wait_ends(2);
	assert_int_equal(spawner.counts.ok, 2);
	assert_string_equal(log_text(), "one word 1 1 two words\nfirst\n"
					"one word 1 1 two words\nsecond\n");
}

/* More than a pipe takes, which the command does not read. */
static void input_nobody_reads(void **unused)
{
	static char large[1 << 20];

	(void)unused;
	memset(large, 'x', sizeof(large) - 1);
	write_script("exit 3");
	start(30 * SEC, 1, 8, 600);
	assert_int_equal(run(large), 0);
	wait_ends(1);
	assert_int_equal(spawner.counts.failed, 1);
}

/* It may wait for whoever inherits it to ask for its status: there is no command line then. */
static bool is_over(pid_t pid)
{
	char path[64], c;
	bool over;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	over = fread(&c, 1, 1, f) == 0;
	fclose(f);
	return over;
}

/* What it starts goes with it, and its SIGTERM does not help it. */
static void one_that_hangs(void **unused)
{
	(void)unused;
	write_script("trap '' TERM; sleep 1000 & echo $! >&3; wait; while :; do sleep 1; done");
	start(SEC / 2, 1, 8, 600);
	assert_int_equal(run(""), 0);
	assert_int_equal(run(""), 0);
	wait_ends(2);
	assert_int_equal(spawner.counts.timed_out, 2);
	for (char *p = log_text(), *next; *p; p = next) {
		pid_t pid = (pid_t)strtol(p, &next, 10);

		next += *next == '\n';
		for (int i = 0; i < 3000 && !is_over(pid); i++)
			usleep(10000);
		assert_true(is_over(pid));
	}
}

static void so_many_at_once(void **unused)
{
	(void)unused;
	write_script("echo >&3; while [ ! -e ${0%script}go ]; do sleep 0.05; done");
	start(60 * SEC, 2, 4, 600);
	for (int i = 0; i < 12; i++)
		assert_int_equal(run(""), 0);
	/* 2 run, 4 wait */
	wait_ends(12 - 2 - 4);
	assert_int_equal(ended(), 0);
	assert_int_equal(spawner.counts.dropped, 6);
	assert_true(strlen(log_text()) <= 2);
	close(creat(strcat(folder, "/go"), 0600));
	*strrchr(folder, '/') = '\0';
	wait_ends(12);
	assert_int_equal(spawner.counts.ok, 6);
}

/* A minute's worth at once, then not before there is time for one. */
static void so_many_a_minute(void **unused)
{
	(void)unused;
	write_script("echo >&3");
	start(30 * SEC, 4, 8, 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(run(""), 0);
	wait_ends(3);
	usleep(300000);
	spawner_take(&spawner);
	assert_int_equal(spawner.counts.started, 3);
	assert_int_equal(spawner.counts.dropped, 0);
}

static void no_such_command(void **unused)
{
	static char path[] = "/nonexistent/command", name[] = "no-such-command-anywhere";
	char *argv[] = {path, NULL}, *bare[] = {name, NULL};
	struct spawner_options o = {.argv = argv, .at_once = 1, .queue = 1, .a_minute = 1};

	(void)unused;
	assert_int_equal(spawner_start(&spawner, &o), -ENOENT);
	o.argv = bare;
	assert_int_equal(spawner_start(&spawner, &o), -ENOENT);
	assert_int_equal(run(""), -EPIPE);
}

/* It went away after it was looked for. */
static void a_command_that_goes(void **unused)
{
	(void)unused;
	write_script("exit 0");
	start(30 * SEC, 1, 8, 600);
	unlink(script);
	assert_int_equal(run(""), 0);
	wait_ends(1);
	assert_int_equal(spawner.counts.failed, 1);
}

static void nothing_of_ours_is_open(void **unused)
{
	int fd = open("/dev/zero", O_RDONLY); /* not CLOEXEC */

	(void)unused;
	write_script("ls -l /proc/$$/fd >&3");
	start(30 * SEC, 1, 8, 600);
	close(fd);
	assert_int_equal(run(""), 0);
	wait_ends(1);
	assert_null(strstr(log_text(), "zero"));
	assert_null(strstr(log_text(), "socket:"));
	assert_null(strstr(log_text(), "signalfd"));
}

/* The program ends: what runs may go on to its end, what waits is dropped, and the process goes. */
static void the_end(void **unused)
{
	(void)unused;
	write_script("echo begin >&3; sleep 1; echo end >&3");
	start(30 * SEC, 1, 8, 600);
	assert_int_equal(run(""), 0);
	assert_int_equal(run(""), 0);
	while (!spawner.counts.started) {
		usleep(10000);
		spawner_take(&spawner);
	}
	spawner_stop(&spawner);
	assert_int_equal(waitpid(spawner.pid, NULL, 0), spawner.pid);
	spawner.pid = 0;
	assert_string_equal(log_text(), "begin\nend\n");
}

static void the_process_is_killed(void **unused)
{
	(void)unused;
	write_script("exit 0");
	start(30 * SEC, 1, 8, 600);
	kill(spawner.pid, SIGKILL);
	assert_int_equal(waitpid(spawner.pid, NULL, 0), spawner.pid);
	spawner.pid = 0;
	assert_int_equal(run(""), -EPIPE);
	assert_int_equal(spawner_take(&spawner), -EPIPE);
	assert_int_equal(spawner_counts(&spawner).dropped, 1);
}

/*
 * The sink
 */

static void an_alert(void **unused)
{
	struct out_options out = {.talk_fd = -1};
	struct conn conn = nasty_conn();
	struct sink *sink;
	struct alert a;
	struct rules rules;
	char *text;
	json_t *j;

	(void)unused;
	rules_default(&rules);
	a = (struct alert){.conn = &conn, .rule = &rules.rule[0], .mono_ns = 70 * SEC};
	a.dwell_ns = 65 * SEC + 42000000;
	a.state = ST_CLOSE_WAIT;
	a.diagnosis = DIAG_EOF_UNREAD;
	write_script("env | grep ^TCPDWELL_ | sort >&3; cat >&3");
	start(30 * SEC, 1, 8, 600);
	sink = exec_sink_new(&out, &spawner);
	assert_non_null(sink);
	sink->ops->alert(sink, &a);
	wait_ends(1);
	text = log_text();
	j = json_loads(strchr(text, '{'), 0, NULL);
	assert_non_null(j);
	has_string(j, "status", "firing");
	has_string(j, "rule", "close_wait");
	json_decref(j);
	assert_non_null(strstr(text, "TCPDWELL_STATUS=firing\n"));
	assert_non_null(strstr(text, "TCPDWELL_SEVERITY=warning\n"));
	assert_non_null(strstr(text, "TCPDWELL_RULE=close_wait\n"));
	assert_non_null(strstr(text, "TCPDWELL_STATE=CLOSE_WAIT\n"));
	assert_non_null(strstr(text, "TCPDWELL_DWELL_S=65.042\n"));
	assert_non_null(strstr(text, "TCPDWELL_THRESHOLD_S=60.000\n"));
	assert_non_null(strstr(text, "TCPDWELL_SK=ffffffffff\n"));
	assert_non_null(strstr(text, "TCPDWELL_LPORT=65535\n"));
	assert_non_null(strstr(text, "TCPDWELL_PID=4294967295\n"));
	assert_non_null(strstr(text, "TCPDWELL_COMM=\\x1b[31m\"\\\\x0a\\xff\xe4\xb8\xad"));
	assert_non_null(strstr(text, "TCPDWELL_DIAGNOSIS=eof_unread\n"));
	assert_non_null(strstr(text, "TCPDWELL_GROUP=\n"));
	sink->ops->free(sink);
}

static void which_of_a_group(void **unused)
{
	struct rule rule = {.step = 0};
	struct alert_group g = {.count = 1};
	struct alert a = {.rule = &rule, .status = ALERT_FIRING};
	unsigned int runs = 0;

	(void)unused;
	assert_true(exec_worth(&a)); /* of no group */
	a.group = &g;
	for (g.total = 1; g.total <= 500; g.total++)
		runs += exec_worth(&a);
	assert_int_equal(runs, 9); /* 1, 2, 4 ... 256 */
	rule.step = 1;
	g.grave = 1;
	assert_true(exec_worth(&a));
	g.grave = 3;
	assert_false(exec_worth(&a));
	a.status = ALERT_RESOLVED;
	assert_false(exec_worth(&a));
	g.count = 0;
	assert_true(exec_worth(&a));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(input_and_environment),
		TEST(input_nobody_reads),
		TEST(one_that_hangs),
		TEST(so_many_at_once),
		TEST(so_many_a_minute),
		TEST(no_such_command),
		TEST(a_command_that_goes),
		TEST(nothing_of_ours_is_open),
		TEST(the_end),
		TEST(the_process_is_killed),
		TEST(an_alert),
		TEST(which_of_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
