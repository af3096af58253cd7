// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include "model/rules.h"
#include "out/html.h"
#include "out/report.h"

static struct obuf b;

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("there is no %s", part);
}

static int setup(void **unused)
{
	(void)unused;
	return obuf_init(&b, -1);
}

static int teardown(void **unused)
{
	(void)unused;
	obuf_free(&b);
	return 0;
}

static const char *written(void)
{
	obuf_add(&b, "", 1);
	return b.data;
}

static void text_is_no_markup(void **unused)
{
	(void)unused;
	html_str(&b, "<script>alert(\"1\")</script>&'");
	assert_string_equal(written(),
			    "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;");
}

static void text_is_utf8_without_what_acts(void **unused)
{
	(void)unused;
	html_text(&b, "a\0b\x1b\xff\xe2\x80\xae\xc3\xa9<", 11);
	assert_string_equal(written(), "a\\x00b\\x1b\\xff\\xe2\\x80\\xae\xc3\xa9&lt;");
}

/* Whatever the bytes are: no character that HTML would take for its own is left. */
static void any_bytes(void **unused)
{
	uint64_t seed = 3;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		char in[40];

		for (unsigned int k = 0; k < sizeof(in); k++)
			in[k] = i & 1 ? "<>&\"'\x1b\xc3\xa9"[next_random(&seed) % 8]
				      : (char)next_random(&seed);
		obuf_clear(&b);
		html_text(&b, in, next_random(&seed) % sizeof(in));
		assert_null(strpbrk(written(), "<>\"'\x1b"));
	}
}

static struct conn hostile(void)
{
	struct conn c = client_conn();

	memcpy(c.ident.owner.comm, "<script>\"'&\x1b\xff;", 14);
	return c;
}

static const char *evil_path(__u64 id)
{
	(void)id;
	return "/\"><img src=x onerror=alert(1)>";
}

/* Not one of the bytes from outside makes an element, in all the places where they are shown. */
static void a_page_of_hostile_names(void **unused)
{
	struct out_options o = {.cgroup_path = evil_path};
	struct report *r = report_new();
	struct report_page page = {r, &o, "</title><script>1</script>", "<host>", NULL};
	struct hello h = {.version = "1", .kernel = "<k>", .tier = "t", .filter = "--comm <b>"};
	struct holder holder = {.pid = 1, .comm = "<i>holder"};
	struct conn c = hostile();
	struct rule rule = {.name = "<rule>", .threshold_ns = SEC, .state = ST_CLOSE_WAIT};
	struct transition t = {.conn = &c,
			       .mono_ns = SEC,
			       .from = ST_ESTABLISHED,
			       .to = ST_CLOSE,
			       .reason = REASON_RESET_SENT};
	struct alert a = {.conn = &c,
			  .rule = &rule,
			  .mono_ns = SEC,
			  .dwell_ns = SEC,
			  .holders = &holder,
			  .n_holders = 1,
			  .state = ST_CLOSE_WAIT,
			  .diagnosis = DIAG_EOF_UNREAD};
	const char *text;

	(void)unused;
	r->sink.ops->hello(&r->sink, &h);
	r->sink.ops->transition(&r->sink, &t);
	r->sink.ops->alert(&r->sink, &a);
	report_close(r, 2 * SEC);
	report_html(&b, &page);
	text = written();
	assert_null(strstr(text, "<script>"));
	assert_null(strstr(text, "<img"));
	assert_null(strstr(text, "<host>"));
	assert_null(strstr(text, "<k>"));
	assert_null(strstr(text, "<b>"));
	assert_null(strstr(text, "<i>"));
	assert_null(strchr(text, '\x1b'));
	has(text, "&lt;script&gt;&quot;&#39;&amp;\\x1b\\xff;");
	has(text, "&lt;i&gt;holder/1");
	has(text, "&lt;host&gt;");
	r->sink.ops->free(&r->sink);
}

/* It ends as a page does, though nothing was ever told. */
static void a_page_of_nothing(void **unused)
{
	struct out_options o = {0};
	struct report *r = report_new();
	struct report_page page = {r, &o, "", "", "why"};

	(void)unused;
	report_close(r, 0);
	report_html(&b, &page);
	has(written(), "</html>");
	obuf_clear(&b);
	report_text(&b, &page);
	report_json(&b, &page);
	has(written(), "\"type\":\"summary\",\"transitions\":0");
	r->sink.ops->free(&r->sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_is_no_markup, setup, teardown),
		cmocka_unit_test_setup_teardown(text_is_utf8_without_what_acts, setup, teardown),
		cmocka_unit_test_setup_teardown(any_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_of_hostile_names, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_of_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
