// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The list of `top`: what is in it, in which order, and in which groups. */
#include "tui.h"
#include "tui/view.h"

static struct view view;
static struct query query;
static struct tally groups[GROUPINGS];

static int begin_view(void **state)
{
	memset(&view, 0, sizeof(view));
	query_clear(&query);
	for (int by = 0; by < GROUPINGS; by++)
		if (tally_init(&groups[by], by))
			return -1;
	return begin(state);
}

static int end_view(void **state)
{
	view_free(&view);
	for (int by = 0; by < GROUPINGS; by++)
		tally_free(&groups[by]);
	return end(state);
}

static void scan(void)
{
	struct tally *of[GROUPINGS];

	for (int by = 0; by < GROUPINGS; by++) {
		of[by] = &groups[by];
		tally_begin(of[by]);
	}
	view_scan(&view, &source, &query, of);
	for (int by = 0; by < GROUPINGS; by++)
		tally_end(of[by], source.now_ns);
	view_order(&view, &source, 0, view.n);
}

static void type(const char *text)
{
	query_clear(&query);
	while (*text)
		query_add(&query, (unsigned char)*text++);
}

static void assert_order(const __u64 *cookies, size_t n)
{
	scan();
	assert_int_equal(view.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(view_at(&view, &source, i)->cookie, cookies[i]);
		assert_int_equal(view_place(&view, &source, cookies[i]), i);
	}
}

#define ORDER(...) assert_order((const __u64[]){__VA_ARGS__}, N(((const __u64[]){__VA_ARGS__})))

static void test_stuck_first(void **unused)
{
	(void)unused;
	add_conn(1, ST_LISTEN, 900 * SEC);
	add_conn(2, ST_CLOSE_WAIT, 61 * SEC);
	add_conn(3, ST_ESTABLISHED, 500 * SEC);
	add_conn(4, ST_CLOSE_WAIT, 90 * SEC);
	add_conn(5, ST_CLOSE_WAIT, 59 * SEC);
	add_conn(6, ST_TIME_WAIT, 30 * SEC);
	ORDER(4, 2, 5, 3, 6, 1);
	assert_int_equal(view.stuck, 2);
	assert_int_equal(view.all, 6);
	assert_int_equal(view.by_state[ST_CLOSE_WAIT], 3);
	view.reverse = true;
	ORDER(1, 6, 3, 5, 2, 4);
}

static void test_sorts(void **unused)
{
	struct conn *a = add_conn(1, ST_ESTABLISHED, 10 * SEC), *b = add_conn(2, ST_LISTEN, SEC);
	struct conn *c = add_conn(3, ST_CLOSE_WAIT, 20 * SEC);

	(void)unused;
	own(a, "nginx", 7);
	own(b, "nginx-long-name", 5);
	own(c, "curl", 9);
	a->ident.lport = 80;
	b->ident.lport = 8080;
	c->ident.lport = 22;
	set_addr(a->ident.raddr, "2001:db8::1");
	a->ident.family = 6;
	set_addr(b->ident.raddr, "203.0.113.1");
	set_addr(c->ident.raddr, "10.0.0.1");
	view.sort = VIEW_DWELL;
	ORDER(3, 1, 2);
	view.sort = VIEW_OWNER;
	ORDER(3, 1, 2);
	view.sort = VIEW_LOCAL;
	ORDER(3, 1, 2);
	view.sort = VIEW_REMOTE;
	ORDER(3, 2, 1);
	view.sort = VIEW_STATE;
	ORDER(2, 1, 3);
	/* of equals the older socket comes first */
	c->ident = a->ident;
	view.sort = VIEW_LOCAL;
	ORDER(1, 3, 2);
}

static void test_words(void **unused)
{
	struct conn *a = add_conn(1, ST_ESTABLISHED, SEC), *b = add_conn(2, ST_CLOSE_WAIT, SEC);

	(void)unused;
	own(a, "nginx", 7);
	own(b, "java", 8);
	type("NGI");
	ORDER(1);
	type("wait java/8");
	ORDER(2);
	type("wait nginx");
	scan();
	assert_int_equal(view.n, 0);
	type(":443 !nginx");
	ORDER(2);
	type("!");
	scan();
	assert_int_equal(view.n, 2);
	type("  close  ");
	ORDER(2);
	/* what is not asked for is counted with the states all the same */
	assert_int_equal(view.all, 2);
}

static void test_query_edges(void **unused)
{
	(void)unused;
	query_add(&query, 0xe9);
	query_add(&query, 'a');
	assert_int_equal(query.len, 3);
	query_back(&query);
	query_back(&query);
	query_back(&query);
	assert_int_equal(query.len, 0);
	for (int i = 0; i < 1000; i++)
		query_add(&query, 0x1f600);
	assert_true(query.len <= QUERY_MAX && query.len > QUERY_MAX - 4);
	query_add(&query, 0x7fffffff);
	assert_int_equal(query.text[query.len], '\0');
}

static void test_filter(void **unused)
{
	(void)unused;
	add_conn(1, ST_ESTABLISHED, 5 * SEC);
	add_conn(2, ST_CLOSE_WAIT, 5 * SEC);
	add_conn(3, ST_CLOSE_WAIT, SEC);
	add_conn(4, ST_NONE, SEC);
	add_conn(5, ST_CLOSE, SEC);
	filter.states = ST_BIT(ST_CLOSE_WAIT);
	filter.min_dwell_ns = 2 * SEC;
	ORDER(2);
	assert_int_equal(view.all, 3);
	assert_int_equal(view.by_state[ST_ESTABLISHED], 1);
}

static void test_hostile_names(void **unused)
{
	struct conn *c = add_conn(1, ST_ESTABLISHED, SEC), nasty = nasty_conn();

	(void)unused;
	c->ident = nasty.ident;
	type("x1b[31m");
	ORDER(1);
	source.utf8 = false;
	type("\\xe4");
	ORDER(1);
}

static void test_groups(void **unused)
{
	struct conn *a = add_conn(1, ST_ESTABLISHED, SEC),
		    *b = add_conn(2, ST_CLOSE_WAIT, 70 * SEC);
	struct conn *c = add_conn(3, ST_LISTEN, SEC);
	const struct bunch *g;

	(void)unused;
	own(a, "nginx", 7);
	own(b, "java", 8);
	own(c, "nginx", 7);
	c->ident.lport = 443;
	scan();
	tally_order(&groups[BY_PROCESS], 0, 2);
	assert_int_equal(groups[BY_PROCESS].n_order, 2);
	g = tally_at(&groups[BY_PROCESS], 0);
	assert_string_equal(g->comm, "java");
	assert_int_equal(g->stuck, 1);
	g = tally_at(&groups[BY_PROCESS], 1);
	assert_int_equal(g->sockets, 2);
	assert_int_equal(g->by_state[ST_LISTEN], 1);
	/* a listener has no peer; clients and server meet at the server's port */
	assert_int_equal(groups[BY_PEER].n_order, 1);
	assert_int_equal(tally_at(&groups[BY_PEER], 0)->sockets, 2);
	assert_int_equal(groups[BY_PORT].n_order, 1);
	assert_int_equal(tally_at(&groups[BY_PORT], 0)->sockets, 3);
	assert_int_equal(groups[BY_STATE].n_order, 3);
	query.by = BY_PROCESS;
	query.key.word[0] = 8;
	ORDER(2);
}

static void test_change(void **unused)
{
	struct conn *c;

	(void)unused;
	for (int i = 1; i <= 4; i++)
		own(add_conn(i, ST_ESTABLISHED, SEC), "old", 7);
	scan();
	tally_order(&groups[BY_PROCESS], 0, 1);
	assert_int_equal(bunch_change(&groups[BY_PROCESS], tally_at(&groups[BY_PROCESS], 0)), 0);
	for (int i = 5; i <= 7; i++)
		own(add_conn(i, ST_ESTABLISHED, SEC), "new", 8);
	table_del(&table, table_find(&table, 1));
	source.now_ns += 3 * SEC;
	scan();
	tally_order(&groups[BY_PROCESS], 0, 2);
	/* what grows goes before what has more */
	assert_string_equal(tally_at(&groups[BY_PROCESS], 0)->comm, "new");
	assert_int_equal(bunch_change(&groups[BY_PROCESS], tally_at(&groups[BY_PROCESS], 0)), 3);
	assert_int_equal(bunch_change(&groups[BY_PROCESS], tally_at(&groups[BY_PROCESS], 1)), -1);
	/* after a minute that is no change any more */
	for (int i = 0; i < GROUP_MARKS + 1; i++) {
		source.now_ns += GROUP_MARK_NS;
		scan();
	}
	tally_order(&groups[BY_PROCESS], 0, 2);
	assert_int_equal(bunch_change(&groups[BY_PROCESS], tally_at(&groups[BY_PROCESS], 0)), 0);
	/* and one without sockets is forgotten, once its marks are */
	while ((c = table_find(&table, 5)) || (c = table_find(&table, 6)) ||
	       (c = table_find(&table, 7)))
		table_del(&table, c);
	for (int i = 0; i < GROUP_MARKS + 1; i++) {
		source.now_ns += GROUP_MARK_NS;
		scan();
	}
	assert_int_equal(groups[BY_PROCESS].n, 1);
}

static void test_more_groups_than_are_counted(void **unused)
{
	struct tally *g = &groups[BY_PROCESS];
	struct conn c = client_conn();

	(void)unused;
	tally_begin(g);
	for (__u32 pid = 1; pid <= GROUPS_MAX + 100; pid++) {
		c.ident.owner.pid = pid;
		tally_add(g, &c, pid == 4711);
	}
	tally_end(g, SEC);
	assert_int_equal(g->n, GROUPS_MAX);
	assert_int_equal(g->others, 100);
	tally_order(g, 0, 10);
	assert_int_equal(tally_at(g, 0)->key.word[0], 4711);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_view, end_view)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stuck_first), TEST(test_sorts),  TEST(test_words),
		TEST(test_query_edges), TEST(test_filter), TEST(test_hostile_names),
		TEST(test_groups),	TEST(test_change), TEST(test_more_groups_than_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
