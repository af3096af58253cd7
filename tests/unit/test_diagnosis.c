// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What kind of stuck a socket is, from one row and its holders. */
#include "unit.h"
#include "model/diagnosis.h"
#include "model/names.h"

#define NOW (1000 * SEC)

/* In CLOSE_WAIT for a minute, all read, nothing ever sent. */
static struct row_sock leaked(void)
{
	return (struct row_sock){
		.kind = ROW_FULL,
		.state = ST_CLOSE_WAIT,
		.flags = ROW_FIN_IN,
		.mono_ns = NOW,
		.since_ns = NOW - 60 * SEC,
		.last_rx_ns = 60 * SEC,
		.cookie = 7,
	};
}

static const struct holder opener = {.pid = 10, .tid = 10, .fd = 4, .flags = HOLDER_OPENED};
static const struct holder child = {
	.pid = 11, .tid = 11, .fd = 4, .ppid = 10, .flags = HOLDER_PARENT_OPENED};
static const struct holder stranger = {.pid = 12, .tid = 12, .fd = 4, .ppid = 1};

static enum diagnosis held(const struct row_sock *r, const struct holder *h, __u32 n)
{
	struct evidence e = {.row = r, .holder = h, .n_holders = n, .looked = true};

	return diagnose(&e);
}

static void what_is_unread(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	assert_int_equal(held(&r, &opener, 1), DIAG_EOF_READ_NOT_CLOSED);
	assert_int_equal(diagnose_row(&r), DIAG_EOF_READ_NOT_CLOSED);
	r.unread = 1; /* the FIN */
	assert_int_equal(held(&r, &opener, 1), DIAG_EOF_UNREAD);
	r.unread = 2;
	assert_int_equal(held(&r, &opener, 1), DIAG_DATA_UNREAD);
	assert_int_equal(diagnose_row(&r), DIAG_DATA_UNREAD);
}

static void still_sending(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	r.last_tx_ns = 61 * SEC; /* before the FIN came */
	assert_int_equal(diagnose_row(&r), DIAG_EOF_READ_NOT_CLOSED);
	r.last_tx_ns = 59 * SEC;
	assert_int_equal(diagnose_row(&r), DIAG_HALF_CLOSE_IN_USE);
	r.unread = 100;
	assert_int_equal(diagnose_row(&r), DIAG_HALF_CLOSE_IN_USE);
	r.flags |= ROW_SHUT_WR;
	assert_int_equal(diagnose_row(&r), DIAG_DATA_UNREAD);
}

/* One answer, an hour ago, and then forgotten. */
static void sent_long_ago(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	r.since_ns = 1;
	r.last_tx_ns = 60 * SEC;
	assert_int_equal(diagnose_row(&r), DIAG_EOF_READ_NOT_CLOSED);
	r.send_q = 1;
	assert_int_equal(diagnose_row(&r), DIAG_EOF_READ_NOT_CLOSED);
	r.last_tx_ns = 3 * SEC;
	assert_int_equal(diagnose_row(&r), DIAG_HALF_CLOSE_IN_USE);
}

/* The peer acknowledges what is sent: then the last segment received is newer than it. */
static void doubts(void **unused)
{
	struct row_sock r = leaked();
	struct evidence e = {.row = &r, .again = true, .moved_since = true};

	(void)unused;
	assert_false(diagnosis_in_doubt(&r));
	r.flags |= ROW_AT_LEAST;
	assert_false(diagnosis_in_doubt(&r));
	r.last_tx_ns = r.last_rx_ns = 2 * SEC;
	r.since_ns = NOW - r.last_rx_ns;
	r.last_tx_ns++;
	assert_true(diagnosis_in_doubt(&r));
	assert_int_equal(diagnose_row(&r), DIAG_EOF_READ_NOT_CLOSED);
	assert_int_equal(diagnose(&e), DIAG_HALF_CLOSE_IN_USE);
	r.last_tx_ns = 30 * SEC; /* nothing was acknowledged 2 s ago: it was the FIN */
	assert_false(diagnosis_in_doubt(&r));
	r.last_tx_ns = SEC; /* after it: no doubt */
	assert_false(diagnosis_in_doubt(&r));
	assert_int_equal(diagnose_row(&r), DIAG_HALF_CLOSE_IN_USE);
	r.state = ST_ESTABLISHED;
	assert_false(diagnosis_in_doubt(&r));
}

static void kept(void **unused)
{
	const struct holder both[] = {opener, child};
	struct row_sock r = leaked();

	(void)unused;
	assert_int_equal(held(&r, &child, 1), DIAG_KEPT_BY_OTHER);
	assert_int_equal(held(&r, both, 2), DIAG_EOF_READ_NOT_CLOSED);
	assert_int_equal(held(&r, &stranger, 1), DIAG_EOF_READ_NOT_CLOSED);
	r.unread = 1; /* whoever would have read it is gone */
	assert_int_equal(held(&r, &child, 1), DIAG_KEPT_BY_OTHER);
	r.unread = 50; /* rather a server's child that hangs */
	assert_int_equal(held(&r, &child, 1), DIAG_DATA_UNREAD);
}

/* By whom the tracer saw it opened; not by whom its listener was. */
static void owner_is_gone(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	r.ident.owner = (struct sock_owner){.pid = 10, .how = OWNER_OPEN};
	assert_int_equal(held(&r, &stranger, 1), DIAG_KEPT_BY_OTHER);
	assert_int_equal(held(&r, &opener, 1), DIAG_EOF_READ_NOT_CLOSED);
	r.ident.owner.how = OWNER_LISTENER;
	assert_int_equal(held(&r, &stranger, 1), DIAG_EOF_READ_NOT_CLOSED);
}

static void nobody(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	assert_int_equal(held(&r, NULL, 0), DIAG_IN_FLIGHT);
	r.flags |= ROW_NO_FILE;
	assert_int_equal(held(&r, NULL, 0), DIAG_NO_HOLDER);
	r.flags = ROW_FIN_IN | ROW_QUEUED;
	assert_int_equal(held(&r, NULL, 0), DIAG_NOT_ACCEPTED);
	assert_int_equal(diagnose_row(&r), DIAG_NOT_ACCEPTED);
	r.state = ST_ESTABLISHED;
	assert_int_equal(diagnose_row(&r), DIAG_NOT_ACCEPTED);
	r.flags = 0;
	assert_int_equal(diagnose_row(&r), DIAG_NONE);
}

/* Of a half-close both ends are seen: this is the one that has closed. */
static void still_receiving(void **unused)
{
	struct row_sock r = leaked();
	struct evidence e = {.row = &r, .again = true};

	(void)unused;
	r.state = ST_FIN_WAIT2;
	r.flags = ROW_SHUT_WR;
	assert_int_equal(diagnose_row(&r), DIAG_PEER_NOT_CLOSING);
	r.last_rx_ns = 59 * SEC;
	assert_int_equal(diagnose_row(&r), DIAG_HALF_CLOSE_IN_USE);
	assert_int_equal(diagnose(&e), DIAG_PEER_NOT_CLOSING); /* that was a probe */
	e.moved_since = true;
	assert_int_equal(diagnose(&e), DIAG_HALF_CLOSE_IN_USE);
	r.flags |= ROW_ORPHAN; /* nobody is there to receive it */
	assert_int_equal(diagnose(&e), DIAG_PEER_NOT_CLOSING);
	r.flags = ROW_SHUT_WR;
	r.since_ns = NOW - 300 * SEC;
	r.last_rx_ns = 60 * SEC;
	assert_int_equal(diagnose_row(&r), DIAG_PEER_NOT_CLOSING); /* not any more */
}

static void other_states(void **unused)
{
	struct row_sock r = leaked();

	(void)unused;
	r.state = ST_FIN_WAIT2;
	assert_int_equal(diagnose_row(&r), DIAG_PEER_NOT_CLOSING);
	r.state = ST_LAST_ACK;
	assert_int_equal(diagnose_row(&r), DIAG_FIN_NOT_ACKED);
	r.state = ST_SYN_SENT;
	assert_int_equal(diagnose_row(&r), DIAG_NO_ANSWER);
	for (r.state = 0; r.state < 250; r.state++)
		assert_true(diagnose_row(&r) < DIAG_MAX);
	r.state = ST_LISTEN;
	assert_int_equal(diagnose_row(&r), DIAG_NONE);
}

static void texts(void **unused)
{
	(void)unused;
	assert_null(diagnosis_words(DIAG_NONE));
	assert_null(diagnosis_sentence(DIAG_NONE));
	assert_null(diagnosis_words(DIAG_MAX));
	for (int i = DIAG_NONE + 1; i < DIAG_MAX; i++) {
		assert_non_null(diagnosis_words(i));
		assert_non_null(diagnosis_sentence(i));
		assert_non_null(diagnosis_name(i));
		assert_int_equal(diagnosis_is_fault(i), i != DIAG_HALF_CLOSE_IN_USE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_unread), cmocka_unit_test(still_sending),
		cmocka_unit_test(sent_long_ago),  cmocka_unit_test(doubts),
		cmocka_unit_test(kept),		  cmocka_unit_test(owner_is_gone),
		cmocka_unit_test(nobody),	  cmocka_unit_test(still_receiving),
		cmocka_unit_test(other_states),	  cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
