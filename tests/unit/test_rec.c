// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Columns and blocks of a recording: what goes in comes out; what is damaged is told. */
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"
#include "rec/block.h"
#include "rec/event.h"
#include "states.h"

#define EVENTS 3000

static struct codec out, in;
static struct packer packer;
static struct unpacker unpacker;
static struct rec_event events[EVENTS];

static int begin(void **unused)
{
	(void)unused;
	assert_int_equal(codec_init(&out, true), 0);
	assert_int_equal(codec_init(&in, false), 0);
	assert_int_equal(packer_init(&packer), 0);
	assert_int_equal(unpacker_init(&unpacker), 0);
	codec_begin(&out);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	codec_free(&out);
	codec_free(&in);
	packer_free(&packer);
	unpacker_free(&unpacker);
	return 0;
}

#define rec_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

static uint64_t seed = 0x1234567;

/* Small ones mostly, as in life, and now and then the largest. */
static uint64_t any(uint64_t max)
{
	uint64_t r = next_random(&seed);

	if (r % 16 == 0)
		return max;
	r = next_random(&seed) >> (r >> 8) % 64;
	return max == UINT64_MAX ? r : r % (max + 1);
}

static void any_bytes(void *to, size_t n)
{
	__u8 *p = to;

	while (n--)
		*p++ = any(255);
}

static void any_ident(struct sock_ident *id)
{
	any_bytes(id->laddr, 16);
	any_bytes(id->raddr + 12, 4);
	id->lport = any(65535);
	id->rport = any(65535);
	id->netns = any(UINT32_MAX);
	id->family = any(1) ? 4 : 6;
	id->mptcp = any(1);
	id->cgroup = any(UINT64_MAX);
	id->born_ns = any((1ULL << 62) - 1);
	id->owner.pid = any(UINT32_MAX);
	id->owner.tid = any(UINT32_MAX);
	id->owner.uid = any(UINT32_MAX);
	id->owner.how = any(OWNER_OPEN);
	any_bytes(id->owner.comm, any(COMM_LEN));
}

static void any_end(struct sock_end *e)
{
	e->bytes_sent = any(UINT64_MAX);
	e->bytes_received = any(UINT64_MAX);
	e->age_ns = any((1ULL << 62) - 1);
	e->retransmits = any(UINT32_MAX);
	e->srtt_us = any(UINT32_MAX);
	e->sk_err = any(65535);
	e->facts = any(255);
}

static void any_step(struct rec_event *e)
{
	struct rec_step *s = &e->step;

	s->kind = e->kind;
	s->from = 1 + any(ST_MAX - 2);
	s->to = 1 + any(ST_MAX - 2);
	s->flags = any(255);
	s->roles = any(15);
	s->lport = any(65535);
	s->cookie = any(UINT64_MAX);
	s->mono_ns = any((1ULL << 62) - 1);
	s->dwell_ns = any(s->mono_ns);
	if (e->kind & REC_OPEN)
		any_ident(&e->open.ident);
	if (e->kind == REC_END)
		any_end(&e->end.end);
	if (e->kind == REC_OPEN_END)
		any_end(&e->open_end.end);
}

static void any_small(struct rec_small *s)
{
	s->kind = REC_SMALL;
	s->what = 1 + any(SMALL_NWHATS - 2);
	s->substate = any(1) ? ST_FIN_WAIT2 : ST_TIME_WAIT;
	s->via = any(VIA_MAX - 1);
	s->cookie = any(UINT64_MAX);
	s->mono_ns = any((1ULL << 62) - 1);
	s->left_ns = any(1) ? (__s64)any(1ULL << 61) : -(__s64)any(s->mono_ns);
	s->wheel_us = any(UINT32_MAX);
}

static void any_request(struct rec_request *r)
{
	r->kind = REC_REQUEST;
	r->what = 1 + any(REQUEST_NWHATS - 2);
	r->family = any(1) ? 4 : 6;
	r->retransmits = any(255);
	r->netns = any(UINT32_MAX);
	r->mono_ns = any((1ULL << 62) - 1);
	any_bytes(r->laddr, 16);
	any_bytes(r->raddr, 16);
	r->lport = any(65535);
	r->rport = any(65535);
}

static void any_row(struct row_sock *r)
{
	r->kind = 1 + any(ROW_REQUEST - 1);
	r->state = any(ST_MAX - 1);
	r->roles = any(15);
	r->flags = any(255);
	r->ino = any(UINT32_MAX);
	r->cookie = any(UINT64_MAX);
	r->mono_ns = any((1ULL << 62) - 1);
	r->since_ns = any((1ULL << 62) - 1);
	r->left_ns = -(__s64)any(r->mono_ns);
	r->last_rx_ns = any(UINT64_MAX);
	r->last_tx_ns = any(UINT64_MAX);
	r->recv_q = any(UINT32_MAX);
	r->send_q = any(UINT32_MAX);
	r->unread = any(UINT32_MAX);
	r->retransmits = any(UINT32_MAX);
	r->bytes_sent = any(UINT64_MAX);
	r->bytes_received = any(UINT64_MAX);
	r->srtt_us = any(UINT32_MAX);
	r->uid = any(UINT32_MAX);
	any_ident(&r->ident);
}

static void any_meta(struct rec_meta *m)
{
	m->mono_to_real_ns = any(1ULL << 61);
	m->start_ns = any(1ULL << 61);
	m->jiffy_ns = any(UINT64_MAX);
	m->rules = any(UINT64_MAX);
	m->n_netns = any(UINT32_MAX);
	m->small_source = any(2);
	m->half_open = any(1);
	memset(m->kernel, 'k', any(60));
	memset(m->host, 'h', any(sizeof(m->host) - 1));
	memset(m->version, 'v', any(sizeof(m->version) - 1));
	memset(m->filter, 0x80, any(sizeof(m->filter) - 1));
}

/* All that is not set stays 0. */
static void any_event(struct rec_event *e)
{
	memset(e, 0, sizeof(*e));
	e->kind = any(3) ? any(REC_REQUEST) : EV_ROW + any(EV_MAX - EV_ROW - 1);
	if (e->kind <= REC_OPEN_END)
		any_step(e);
	else if (e->kind == REC_SMALL)
		any_small(&e->small);
	else if (e->kind == REC_REQUEST)
		any_request(&e->request);
	else if (e->kind == EV_ROW)
		any_row(&e->row);
	else if (e->kind == EV_META)
		any_meta(&e->meta);
	else if (e->kind == EV_NETNS)
		e->netns.ino = any(UINT32_MAX);
	else
		e->at.now_ns = any((1ULL << 62) - 1);
}

/* Puts as many as fit; how many. */
static unsigned int put_events(unsigned int max)
{
	unsigned int n = 0;

	while (n < max && codec_size(&out) < BLOCK_RAW) {
		any_event(&events[n]);
		assert_true(rec_event_ok(&events[n]));
		codec_put(&out, events[n].kind, &events[n].step);
		n++;
	}
	return n;
}

static size_t body_size(unsigned int kind)
{
	const struct rec_event *e = NULL;

	switch (kind) {
	case REC_STEP:
		return sizeof(e->step);
	case REC_OPEN:
		return sizeof(e->open);
	case REC_END:
		return sizeof(e->end);
	case REC_OPEN_END:
		return sizeof(e->open_end);
	case REC_SMALL:
		return sizeof(e->small);
	case REC_REQUEST:
		return sizeof(e->request);
	case EV_ROW:
		return sizeof(e->row);
	case EV_META:
		return sizeof(e->meta);
	case EV_NETNS:
		return sizeof(e->netns);
	default:
		return sizeof(e->at);
	}
}

static ssize_t pack(void)
{
	ssize_t size = packer_block(&packer, &out, 7);

	assert_true(size > (ssize_t)sizeof(struct block_head));
	return size;
}

/* What is wrong with a block, its head's own size included, or NULL. */
static const char *open_block(const __u8 *bytes, size_t size)
{
	struct block_head h;
	const char *wrong;

	if (size < sizeof(h))
		return "short";
	wrong = block_head_get(&h, bytes);
	if (!wrong && h.size != size - sizeof(h))
		wrong = "cut off";
	return wrong ? wrong : unpacker_block(&unpacker, &h, bytes, &in);
}

/* Each event of every kind, with the extremes of each of its values, comes back. */
static void test_round_trip(void **unused)
{
	struct rec_event e;
	unsigned int n;

	(void)unused;
	for (int round = 0; round < 20; round++) {
		codec_begin(&out);
		n = put_events(EVENTS);
		assert_true(n > 100);
		assert_null(open_block(packer.out, pack()));
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(codec_get(&in, &e), 1);
			assert_int_equal(e.kind, events[i].kind);
			assert_memory_equal(&e.step, &events[i].step, body_size(e.kind));
		}
		assert_int_equal(codec_get(&in, &e), 0);
	}
}

/* A whole connection, over and over: what can be foretold takes no room. */
static void test_compact(void **unused)
{
	const unsigned int conns = 1000;
	__u64 now = 1000 * SEC;

	(void)unused;
	for (unsigned int i = 0; i < conns; i++) {
		struct rec_open open = {.step = {.kind = REC_OPEN, .from = ST_CLOSE}};
		struct rec_end last = {.step = {.kind = REC_END, .from = ST_LAST_ACK}};

		open.step.to = ST_SYN_SENT;
		open.step.cookie = last.step.cookie = 2 * i + 10;
		open.step.mono_ns = now += any(100000);
		open.ident = client_conn().ident;
		open.ident.born_ns = now;
		codec_put(&out, REC_OPEN, &open);
		last.step.to = ST_CLOSE;
		last.step.mono_ns = now += any(100000);
		last.step.dwell_ns = now - open.step.mono_ns;
		last.end.age_ns = now - open.ident.born_ns;
		codec_put(&out, REC_END, &last);
	}
	assert_in_range(pack(), 1, 2 * conns * 5);
}

/* A block that is cut off anywhere is refused, and nothing beyond its end is read. */
static void test_truncation(void **unused)
{
	__u8 *copy;
	ssize_t size;

	(void)unused;
	put_events(40);
	size = pack();
	for (ssize_t n = 0; n < size; n++) {
		copy = malloc(n ? n : 1);
		memcpy(copy, packer.out, n);
		assert_non_null(open_block(copy, n));
		free(copy);
	}
}

/* So is one with any bit of it turned around. */
static void test_bit_flips(void **unused)
{
	ssize_t size;

	(void)unused;
	put_events(40);
	size = pack();
	for (ssize_t bit = 0; bit < 8 * size; bit++) {
		packer.out[bit / 8] ^= 1 << bit % 8;
		assert_non_null(open_block(packer.out, size));
		packer.out[bit / 8] ^= 1 << bit % 8;
	}
	assert_null(open_block(packer.out, size));
}

static void read_all(__u8 *raw, size_t size)
{
	struct rec_event e;

	if (codec_open(&in, raw, size))
		return;
	while (codec_get(&in, &e) > 0)
		assert_true(rec_event_ok(&e));
}

/* Behind the checksum there may be anything: it is refused, or makes sense. */
static void test_nonsense(void **unused)
{
	size_t size;
	__u8 *raw;

	(void)unused;
	put_events(60);
	size = codec_size(&out);
	raw = malloc(size);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		codec_pack(&out, raw);
		raw[bit / 8] ^= 1 << bit % 8;
		read_all(raw, size);
	}
	for (size_t n = 0; n < size; n++) {
		codec_pack(&out, raw);
		read_all(raw, n);
	}
	free(raw);
}

static void test_file_head(void **unused)
{
	__u8 bytes[sizeof(struct file_head)];
	struct file_head h;

	(void)unused;
	file_head_put(bytes, 0x1122334455667788ULL, 42);
	assert_null(file_head_get(&h, bytes, sizeof(bytes)));
	assert_true(h.recording == 0x1122334455667788ULL);
	assert_int_equal(h.index, 42);
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_non_null(file_head_get(&h, bytes, n));
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		assert_non_null(file_head_get(&h, bytes, sizeof(bytes)));
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	bytes[8]++;
	assert_non_null(strstr(file_head_get(&h, bytes, sizeof(bytes)), "newer"));
}

static const char *long_path(__u64 id)
{
	static char path[5000];

	(void)id;
	memset(path, 'x', sizeof(path) - 1);
	return path;
}

static unsigned int paths;

static void path_is(void *ctx, __u64 id, const char *path, size_t len)
{
	(void)ctx;
	(void)id;
	assert_in_range(len, 1, 4096);
	assert_int_equal(path[len - 1], 'x');
	paths++;
}

/* The path of a cgroup is in each block that has a socket of it, once. */
static void test_cgroup_paths(void **unused)
{
	struct rec_open r = {.step = {.kind = REC_OPEN, .from = ST_CLOSE, .to = ST_SYN_SENT}};
	struct rec_event e;

	(void)unused;
	out.cgroup_path = long_path;
	in.cgroup_is = path_is;
	r.ident = client_conn().ident;
	for (int i = 0; i < 3; i++) {
		r.ident.owner.pid++;
		codec_put(&out, REC_OPEN, &r);
	}
	assert_null(open_block(packer.out, pack()));
	for (int i = 0; i < 3; i++)
		assert_int_equal(codec_get(&in, &e), 1);
	assert_int_equal(codec_get(&in, &e), 0);
	assert_int_equal(paths, 1);
}

/* More different values than the dictionaries take. */
static void test_full_dictionaries(void **unused)
{
	struct rec_open r = {.step = {.kind = REC_OPEN, .from = ST_CLOSE, .to = ST_SYN_SENT}};
	struct rec_event e;
	__u32 n = 0;

	(void)unused;
	r.ident = client_conn().ident;
	for (; n < DICT_MAX + 2000; n++) {
		r.step.cookie = n;
		r.ident.owner.pid = n;
		memcpy(r.ident.raddr + 12, &n, 4);
		codec_put(&out, REC_OPEN, &r);
	}
	assert_null(open_block(packer.out, pack()));
	for (__u32 i = 0; i < n; i++) {
		assert_int_equal(codec_get(&in, &e), 1);
		assert_int_equal(e.open.ident.owner.pid, i);
		assert_memory_equal(e.open.ident.raddr + 12, &i, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rec_test(test_round_trip),   rec_test(test_compact),
		rec_test(test_truncation),   rec_test(test_bit_flips),
		rec_test(test_nonsense),     rec_test(test_file_head),
		rec_test(test_cgroup_paths), rec_test(test_full_dictionaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
