// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules of watch from a file: what they become, and what is said of a bad one, with its line.
 */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cmd/config.h"
#include "util/log.h"

static struct rules r;
static char said[512], path[64];
static unsigned int n_said;
static int fd;

static void take(const char *line)
{
	snprintf(said, sizeof(said), "%s", line);
	n_said++;
}

static int begin(void **unused)
{
	(void)unused;
	rules_watch(&r);
	n_said = 0;
	*said = '\0';
	fd = memfd_create("rules", MFD_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	log_divert(take);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	log_divert(NULL);
	close(fd);
	return 0;
}

static int read_bytes(const char *text, size_t len)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, text, len, 0), len);
	return config_read(path, &r);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* The one message begins with file and line, and has `words`. */
static void assert_refused(const char *text, unsigned int line, const char *words)
{
	char where[96];

	n_said = 0;
	rules_watch(&r);
	assert_int_equal(read_text(text), -EINVAL);
	assert_int_equal(n_said, 1);
	snprintf(where, sizeof(where), "%s:%u: ", path, line);
	if (strncmp(said, where, strlen(where)) || !strstr(said, words))
		fail_msg("'%s' is not '%s...%s'", said, where, words);
}

static const struct rule *rule(const char *name)
{
	const struct rule *found = rules_by_name(&r, name);

	assert_non_null(found);
	return found;
}

static void both_steps(void **unused)
{
	(void)unused;
	assert_int_equal(read_text("[rule web]\n"
				   "state = close-wait\n"
				   "max = 1500ms\n"
				   "grave = 4m\n"),
			 0);
	assert_int_equal(n_said, 0);
	assert_int_equal(rule("web")->state, ST_CLOSE_WAIT);
	assert_int_equal(rule("web")->threshold_ns, 1500000000ULL);
	assert_int_equal(rule("web")->step, 0);
	assert_int_equal(rule("web_grave")->threshold_ns, 240 * SEC);
	assert_int_equal(rule("web_grave")->step, 1);
	assert_int_equal(rule("web_grave")->set, rule("web")->set);
	assert_false(rule("web")->narrow);
}

static void narrowed(void **unused)
{
	const struct filter *f;

	(void)unused;
	assert_int_equal(read_text("[rule db]\n"
				   "state = CLOSE_WAIT\n"
				   "max = 5s\n"
				   "comm = postgres, pg_bouncer\n"
				   "cgroup = /system.slice/db.service\n"
				   "port = 5432\n"
				   "lport = 1,2 , 3\n"
				   "rport = 65535\n"
				   "addr = 10.0.0.0/8, 2001:db8::/32\n"
				   "netns = 4026531840\n"),
			 0);
	f = &rule("db")->filter;
	assert_true(rule("db")->narrow);
	assert_string_equal(rule("db")->cgroup, "/system.slice/db.service");
	assert_int_equal(f->n_comm, 2);
	assert_string_equal(f->comm[0], "postgres");
	assert_string_equal(f->comm[1], "pg_bouncer");
	assert_int_equal(f->n_port, 1);
	assert_int_equal(f->port[0], 5432);
	assert_int_equal(f->n_lport, 3);
	assert_int_equal(f->lport[2], 3);
	assert_int_equal(f->rport[0], 65535);
	assert_int_equal(f->n_addr, 2);
	assert_int_equal(f->netns[0], 4026531840U);
}

/* Each by itself makes a rule a narrowed one. */
static void each_key_narrows(void **unused)
{
	static const char *const keys[] = {"cgroup = /a", "comm = a",	"port = 1", "lport = 1",
					   "rport = 1",	  "addr = ::1", "netns = 1"};
	char text[128];

	(void)unused;
	for (size_t i = 0; i < N(keys); i++) {
		rules_watch(&r);
		snprintf(text, sizeof(text), "[rule a]\nstate=LAST_ACK\nmax=1s\n%s\n", keys[i]);
		assert_int_equal(read_text(text), 0);
		assert_true(rule("a")->narrow);
	}
}

static void flags(void **unused)
{
	(void)unused;
	assert_int_equal(
		read_text("[rule a]\nstate = FIN_WAIT_2\nmax = 1s\nheld = no\nkill = yes\n"
			  "half_close = yes\nport = 1\n"
			  "[rule b]\nstate = FIN_WAIT_2\nmax = 1s\ngrave = 2s\nkill = grave\n"
			  "port = 2\n"
			  "[rule c]\nstate = CLOSE_WAIT\nalert = no\ncomm = haproxy\n"
			  "[rule d]\nstate = CLOSE_WAIT\nmax = 1s\ngrave = no\n"),
		0);
	assert_false(rule("a")->held);
	assert_true(rule("a")->kill);
	assert_true(rule("a")->half_close);
	assert_true(rule("b")->held);
	assert_false(rule("b")->kill);
	assert_true(rule("b_grave")->kill);
	assert_true(rule("c")->exempt);
	assert_false(rule("d")->exempt);
	assert_null(rules_by_name(&r, "d_grave"));
}

/* Comments, blank lines, spaces, CRLF, and no newline at the end. */
static void layout(void **unused)
{
	(void)unused;
	assert_int_equal(read_text("# rules\r\n\r\n; more\r\n[rule   a]\r\n  state=CLOSE_WAIT\r\n"
				   "max   =   2s   ; why\r\n\r\n[rule b]\nstate=LAST_ACK\nmax=3s"),
			 0);
	assert_int_equal(rule("a")->threshold_ns, 2 * SEC);
	assert_int_equal(rule("b")->threshold_ns, 3 * SEC);
}

/* A file without a rule leaves the defaults. */
static void nothing(void **unused)
{
	unsigned int n = r.n;

	(void)unused;
	assert_int_equal(read_text(""), 0);
	assert_int_equal(read_text("# nothing\n\n"), 0);
	assert_int_equal(r.n, n);
}

static void bad_values(void **unused)
{
	static const struct {
		const char *key, *words;
	} bad[] = {
		{"state = CLOSED", "state takes a state"},
		{"state = NONE_SUCH", "not 'NONE_SUCH'"},
		{"max = 5", "max takes a duration"},
		{"max = 0s", "max takes a duration"},
		{"grave = soon", "grave takes a duration"},
		{"alert = maybe", "alert takes yes or no"},
		{"half_close = 1", "half_close takes yes or no"},
		{"held = Yes", "held takes yes or no"},
		{"kill = all", "kill takes yes, no or grave"},
		{"cgroup = a/b", "cgroup takes the path"},
		{"comm = a_name_that_is_too_long", "comm takes names"},
		{"comm =", "comm takes names"},
		{"port = 0", "port takes ports"},
		{"lport = 65536", "lport takes ports"},
		{"rport = http", "rport takes ports"},
		{"addr = 10.0.0.1/8", "addr takes addresses"},
		{"netns = no_such_namespace", "netns takes network namespaces"},
		{"port = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"
		 "29,30,31,32,33",
		 "values at most"},
		{"colour = red", "no such key: 'colour'"},
		{"\x1b[31m = red", "no such key: '\\x1b[31m'"},
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < N(bad); i++) {
		snprintf(text, sizeof(text), "# first\n[rule a]\n%s\n", bad[i].key);
		assert_refused(text, 3, bad[i].words);
	}
}

static void bad_sections(void **unused)
{
	(void)unused;
	assert_refused("max = 1s\n", 1, "before the first section");
	assert_refused("\n[rules]\nmax = 1s\n", 2, "no such section: [rules]");
	assert_refused("[rule a b]\nmax = 1s\n", 1, "a rule's name");
	assert_refused("[rule ]\nmax = 1s\n", 1, "a rule's name");
	assert_refused("[rule a]\n[rule b]\nmax = 1s\n", 1, "nothing in this section");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=1s\n[rule b]\n", 4,
		       "nothing in this section");
	assert_refused("[rule a]\nmax = 1s\n", 1, "rule a has no state");
	assert_refused("\n[rule a]\nstate=LAST_ACK\n", 2, "one of max and alert = no");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=1s\nalert=no\n", 1, "one of max");
	assert_refused("[rule a]\nstate=LAST_ACK\nalert=no\nkill=yes\n", 1, "never alerts");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=2s\ngrave=2s\n", 1, "grave has to be longer");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=2s\nkill=grave\n", 1, "needs a grave");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=2s\nmax=3s\n", 4, "max is given twice");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax=2s\n\n[rule a]\nstate=LAST_ACK\nmax=3s\n", 5,
		       "there is a rule 'a' already");
	assert_refused("[rule a]\nstate=LAST_ACK\nmax 2s\n", 3, "neither a section nor KEY");
	assert_refused("[rule a\nstate = CLOSE_WAIT\nmax = 1s\n", 1, "a section ends with ]");
	assert_refused("[rule a]\nstate = CLOSE_WAIT\nmax = 1s\n[rule b\nmax = 2s\n", 4,
		       "a section ends with ]");
}

/* What the library would cut, or take for the end of the file. */
static void long_lines_and_nul(void **unused)
{
	static const char nul[] = "[rule a]\nstate = CLOSE_WAIT\0\nmax = 1s\n";
	char text[600];

	(void)unused;
	memset(text, 'a', sizeof(text));
	memcpy(text, "\n# ", 3);
	text[sizeof(text) - 1] = '\0';
	assert_refused(text, 2, "a line of more than");
	assert_int_equal(read_bytes(nul, sizeof(nul) - 1), -EINVAL);
	assert_non_null(strstr(said, ":2: "));
}

static void too_many(void **unused)
{
	char text[RULES_MAX * 64], *p = text;

	(void)unused;
	for (int i = 0; i < RULES_MAX + 1; i++)
		p += sprintf(p, "[rule r%d]\nstate=LAST_ACK\nmax=1s\nport=1\n", i);
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(said, "there are more than"));
}

static void no_file(void **unused)
{
	(void)unused;
	assert_int_equal(config_read("/nowhere/rules.ini", &r), -ENOENT);
	assert_non_null(strstr(said, "/nowhere/rules.ini: "));
	assert_int_equal(config_read("/", &r), -EIO);
	assert_int_equal(n_said, 2);
}

#define config_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		config_test(both_steps), config_test(narrowed),	    config_test(each_key_narrows),
		config_test(flags),	 config_test(layout),	    config_test(nothing),
		config_test(bad_values), config_test(bad_sections), config_test(long_lines_and_nul),
		config_test(too_many),	 config_test(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
