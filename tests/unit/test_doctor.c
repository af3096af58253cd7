// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What `tcpdwell doctor` prints of what was found. */
#include "capture.h"
#include "has.h"
#include <errno.h>
#include "out/doctor.h"
#include "out/wrap.h"

static struct capture cap;
static struct obuf out;
static struct checkup checkup;

static int setup(void **unused)
{
	(void)unused;
	capture_open(&cap);
	checkup = (struct checkup){
		.kernel = "6.1.0-test",
		.arch = "riscv64",
		.finding =
			{
				{.id = "rights",
				 .name = "rights",
				 .lost = "all",
				 .usable = true,
				 .needed = true},
				{.id = "fentry",
				 .name = "fentry",
				 .lost = "the best tier",
				 .err = -EPERM,
				 .why = "not loaded: \"quoted\" words"},
				{.id = "lockdown",
				 .name = "lockdown",
				 .lost = "all",
				 .usable = true,
				 .value = "integrity"},
			},
		.n = 3,
		.can_trace = true,
		.tier = "timer",
		.tier_reason = "fentry: not loaded",
	};
	return obuf_init(&out, cap.fd);
}

static int teardown(void **unused)
{
	(void)unused;
	obuf_free(&out);
	capture_close(&cap);
	return 0;
}

static const char *taken(void)
{
	assert_int_equal(obuf_flush(&out), 0);
	return capture_take(&cap);
}

static const char *text_at(unsigned int width)
{
	struct out_options o = {.fd = cap.fd, .width = width};

	doctor_text(&out, &checkup, &o);
	return taken();
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static void it_can(void **unused)
{
	const char *text = text_at(0);

	(void)unused;
	has(text, "on Linux 6.1.0-test, riscv64\n");
	has(text, "\n  ok rights\n");
	has(text, "\n  no fentry    not loaded: \"quoted\" words\n");
	has(text, "\n               without it: the best tier\n");
	has(text, "\n  ok lockdown  integrity\n");
	has(text, "can trace here");
	has(text, "tier timer; why no better one: fentry: not loaded\n");
	assert_null(strchr(text, '\033'));
}

static void it_cannot(void **unused)
{
	(void)unused;
	checkup.can_trace = false;
	checkup.tier = NULL;
	*checkup.tier_reason = '\0';
	checkup.finding[1].needed = true;
	checkup.finding[2].needed = true;
	checkup.finding[2].usable = false;
	has(text_at(0), "can't trace here; it needs fentry\n");
	checkup.finding[1].err = -ENOENT;
	has(text_at(0), "can't trace here; it needs fentry, lockdown\n");
	checkup.finding[1].usable = checkup.finding[2].usable = true;
	has(text_at(0), "can't trace here\n");
}

static void it_fits(void **unused)
{
	(void)unused;
	memset(checkup.finding[1].why, 'x', sizeof(checkup.finding[1].why) - 1);
	for (unsigned int width = 12; width < 200; width++) {
		const char *text = text_at(width);

		while (*text) {
			size_t len = strcspn(text, "\n");

			if (len > width)
				fail_msg("too wide for %u: %.*s", width, (int)len, text);
			text += len + 1;
		}
	}
}

static void colours(void **unused)
{
	struct out_options o = {.fd = cap.fd, .color = true};

	(void)unused;
	doctor_text(&out, &checkup, &o);
	has(taken(), "\033[32m  ok \033[0mrights");
}

static void json(void **unused)
{
	const json_t *findings;
	json_t *line;

	(void)unused;
	doctor_json(&out, &checkup);
	line = json_loads(taken(), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	has_string(line, "type", "doctor");
	has_string(line, "kernel", "6.1.0-test");
	has_string(line, "tier", "timer");
	has_string(line, "reason", "fentry: not loaded");
	assert_true(json_is_true(json_object_get(line, "can_trace")));
	findings = json_object_get(line, "findings");
	assert_int_equal(json_array_size(findings), 3);
	has_string(json_array_get(findings, 1), "error", "not loaded: \"quoted\" words");
	has_int(json_array_get(findings, 1), "errno", EPERM);
	has_string(json_array_get(findings, 1), "lost", "the best tier");
	has_not(json_array_get(findings, 0), "lost");
	has_string(json_array_get(findings, 2), "value", "integrity");
	json_decref(line);
}

static const char *wrapped(const char *text, unsigned int width, unsigned int indent)
{
	struct wrap w = {.b = &out, .width = width, .indent = indent};

	wrap_begin(&w, 0);
	wrap_text(&w, text, strlen(text));
	wrap_end(&w);
	return taken();
}

static void wrapping(void **unused)
{
	(void)unused;
	assert_string_equal(wrapped("one two three", 0, 4), "one two three\n");
	assert_string_equal(wrapped("one two three", 13, 0), "one two three\n");
	assert_string_equal(wrapped("one two three", 12, 0), "one two\nthree\n");
	assert_string_equal(wrapped("one two three", 14, 4), "one two three\n");
	assert_string_equal(wrapped("one two three four", 14, 4), "one two three\n    four\n");
	assert_string_equal(wrapped("one two three", 7, 4), "one two\nthree\n");
	assert_string_equal(wrapped("abcdefghij", 4, 0), "abcd\nefgh\nij\n");
	assert_string_equal(wrapped("", 4, 0), "\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_can),  TEST(it_cannot), TEST(it_fits),
		TEST(colours), TEST(json),	TEST(wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
