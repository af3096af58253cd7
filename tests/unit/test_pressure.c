// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "feed.h"

static struct pressure p;
static struct pressure_news news;
static unsigned int n_told;

static struct pressure_limits limits(void)
{
	return (struct pressure_limits){
		.netns = NETNS,
		.low = 40000,
		.high = 40109,
		.reserved = 10,
		.max_tw = 1000,
	};
}

static int begin(void **unused)
{
	struct pressure_limits l = limits();
	int err = pressure_init(&p);

	(void)unused;
	n_told = 0;
	pressure_set_limits(&p, &l);
	return err;
}

static int end(void **unused)
{
	(void)unused;
	pressure_free(&p);
	return 0;
}

static void keep(void *ctx, const struct pressure_news *n)
{
	(void)ctx;
	news = *n;
	n_told++;
}

static unsigned int look_at(__u64 now_ns)
{
	n_told = 0;
	pressure_look(&p, now_ns, keep, NULL);
	return n_told;
}

static __u32 add(__u16 lport, __u16 rport)
{
	struct conn c = client_conn();

	c.ident.lport = lport;
	c.ident.rport = rport;
	return pressure_add(&p, &c.ident);
}

static void warns_at_80_eases_below_70(void **unused)
{
	__u32 service = 0;

	(void)unused;
	for (__u16 i = 0; i < 70; i++)
		service = add(40000 + i, 443);
	assert_true(service);
	assert_int_equal(look_at(SEC), 0);
	for (__u16 i = 70; i < 80; i++)
		add(40000 + i, 443);
	assert_int_equal(look_at(2 * SEC), 1);
	assert_int_equal(news.used, 80);
	assert_int_equal(news.usable, 100); /* what is reserved is not there to take */
	assert_int_equal(news.rport, 443);
	assert_int_equal(news.growth_per_s, 10);
	assert_int_equal(news.exhausted_in_ns, 2 * SEC);
	assert_false(news.over);
	assert_int_equal(look_at(3 * SEC), 0); /* once */
	for (int i = 0; i < 10; i++)
		pressure_del(&p, service);
	assert_int_equal(look_at(4 * SEC), 0); /* 70 */
	pressure_del(&p, service);
	assert_int_equal(look_at(5 * SEC), 1);
	assert_true(news.over);
	for (int i = 0; i < 69; i++)
		pressure_del(&p, service);
	assert_int_equal(look_at(6 * SEC), 0);
	assert_false(pressure_is_hot(&p));
	assert_int_equal(p.n, 0);
}

static void each_service_has_all_ports(void **unused)
{
	(void)unused;
	for (__u16 i = 0; i < 79; i++) {
		add(40000 + i, 443);
		add(40000 + i, 80);
	}
	assert_int_equal(p.n, 2);
	assert_int_equal(look_at(SEC), 0);
	add(40100, 80);
	assert_int_equal(look_at(2 * SEC), 1);
	assert_int_equal(news.rport, 80);
}

static void ports_outside_the_range_do_not_count(void **unused)
{
	(void)unused;
	assert_int_equal(add(39999, 443), 0);
	assert_int_equal(add(40110, 443), 0);
	assert_int_equal(add(8080, 443), 0);
	assert_true(add(40109, 443));
	assert_int_equal(p.n, 1);
}

static void places_in_time_wait(void **unused)
{
	struct pressure_limits l = limits();

	(void)unused;
	l.tw = 799;
	pressure_set_limits(&p, &l);
	assert_int_equal(look_at(SEC), 0);
	l.tw = 800;
	pressure_set_limits(&p, &l);
	assert_int_equal(look_at(2 * SEC), 1);
	assert_true(news.time_wait);
	assert_int_equal(news.usable, 1000);
	pressure_set_limits(&p, &l);
	assert_int_equal(look_at(3 * SEC), 0);
	l.tw = 0;
	pressure_set_limits(&p, &l);
	assert_int_equal(look_at(4 * SEC), 1);
	assert_true(news.over);
}

static void many_services_come_and_go(void **unused)
{
	enum { N = 20000 };
	static __u32 number[N];
	struct conn c = client_conn();

	(void)unused;
	c.ident.lport = 40000;
	for (int i = 0; i < N; i++) {
		memcpy(c.ident.raddr + 12, &i, sizeof(i));
		number[i] = pressure_add(&p, &c.ident);
		assert_true(number[i]);
	}
	assert_int_equal(p.n, N);
	for (int i = 0; i < N; i++)
		pressure_del(&p, number[(i * 7919) % N]);
	assert_int_equal(p.n, 0);
}

static void row_on_port(__u64 cookie, unsigned int state, __u16 lport)
{
	struct row_sock r = row_of(ROW_FULL, cookie, state);

	r.ident.lport = lport;
	r.flags = ROW_BEFORE;
	if (state == ST_LISTEN)
		memset(r.ident.laddr, 0, sizeof(r.ident.laddr));
	model_row(&feed.m, &r);
}

/* Which end of a connection from before the start opened it, only its port can say. */
static void accepted_before_the_start_does_not_count(void **unused)
{
	feed_begin(unused);
	feed.m.pressure = &p;
	row_on_port(1, ST_LISTEN, 40001);
	row_on_port(2, ST_ESTABLISHED, 40001);
	row_on_port(3, ST_CLOSE_WAIT, 40001);
	assert_int_equal(p.n, 0);
	row_on_port(4, ST_ESTABLISHED, 40002);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.service[0].used, 1);
	feed.m.pressure = NULL;
	feed_end(unused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(warns_at_80_eases_below_70, begin, end),
		cmocka_unit_test_setup_teardown(each_service_has_all_ports, begin, end),
		cmocka_unit_test_setup_teardown(ports_outside_the_range_do_not_count, begin, end),
		cmocka_unit_test_setup_teardown(places_in_time_wait, begin, end),
		cmocka_unit_test_setup_teardown(accepted_before_the_start_does_not_count, begin,
						end),
		cmocka_unit_test_setup_teardown(many_services_come_and_go, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
