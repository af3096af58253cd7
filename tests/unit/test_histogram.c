// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"
#include "model/histogram.h"
#include "out/escape.h"
#include "out/histogram.h"
#include "has.h"

static __u64 middle_of(unsigned int bucket)
{
	__u64 from = hist_from(bucket);

	return from + (hist_from(bucket + 1) - 1 - from) / 2;
}

/* Each value is in its bucket, and at most an eighth away from the middle of it. */
static void check_value(__u64 ns)
{
	unsigned int bucket = hist_bucket(ns);
	__u64 mid = middle_of(bucket), off = mid > ns ? mid - ns : ns - mid;

	assert_true(bucket < HIST_BUCKETS);
	assert_true(hist_from(bucket) <= ns && ns < hist_from(bucket + 1));
	if (off * 8 > ns)
		fail_msg("%llu: off by %llu", (unsigned long long)ns, (unsigned long long)off);
}

static void bucket_bounds(void **unused)
{
	uint64_t seed = 7;

	(void)unused;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		assert_true(hist_from(i) < hist_from(i + 1));
		assert_int_equal(hist_bucket(hist_from(i)), i);
		assert_int_equal(hist_bucket(hist_from(i + 1) - 1), i);
		check_value(hist_from(i));
		check_value(hist_from(i + 1) - 1);
	}
	for (int i = 0; i < 200000; i++)
		check_value(next_random(&seed) >> (10 + i % 54));
	assert_int_equal(hist_from(0), 0);
	assert_true(hist_from(HIST_BUCKETS) == 1ULL << HIST_TOP_BITS);
}

static void too_long(void **unused)
{
	(void)unused;
	assert_int_equal(hist_bucket(1ULL << HIST_TOP_BITS), HIST_BUCKETS - 1);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static void highest_bits(void **unused)
{
	(void)unused;
	for (unsigned int bit = 0; bit < 64; bit++) {
		assert_int_equal(hist_log2(1ULL << bit), bit);
		assert_int_equal(hist_log2((1ULL << bit) | ((1ULL << bit) - 1)), bit);
	}
}

static void count_one(struct hist_row *h, __u64 ns)
{
	h->count[hist_bucket(ns)]++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

static int by_value(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void check_percentile(const struct hist_row *h, const __u64 *sorted, size_t n,
			     unsigned int of_1000)
{
	__u64 want = sorted[(n * of_1000 + 999) / 1000 - 1];
	__u64 got = histogram_percentile(h, of_1000);
	__u64 off = got > want ? got - want : want - got;

	if (off * 8 > want)
		fail_msg("%u of 1000: %llu, not %llu", of_1000, (unsigned long long)got,
			 (unsigned long long)want);
}

/* Against those of the values themselves: of many sizes, over nine decades. */
static void percentiles(void **unused)
{
	static const size_t sizes[] = {1, 2, 3, 10, 99, 100, 101, 999, 1000, 5000};
	static __u64 values[5000];
	uint64_t seed = 42;

	(void)unused;
	for (size_t s = 0; s < N(sizes); s++) {
		struct hist_row h = {{0}, 0};

		for (size_t i = 0; i < sizes[s]; i++) {
			values[i] = next_random(&seed) >> (24 + next_random(&seed) % 30);
			count_one(&h, values[i]);
		}
		qsort(values, sizes[s], sizeof(*values), by_value);
		check_percentile(&h, values, sizes[s], 500);
		check_percentile(&h, values, sizes[s], 900);
		check_percentile(&h, values, sizes[s], 990);
		check_percentile(&h, values, sizes[s], 999);
		assert_true(histogram_stats(&h).max_ns == values[sizes[s] - 1]);
		assert_int_equal(histogram_count(&h), sizes[s]);
	}
}

static void nothing(void **unused)
{
	struct hist_row h = {{0}, 0};

	(void)unused;
	assert_int_equal(histogram_percentile(&h, 500), 0);
	assert_int_equal(histogram_stats(&h).count, 0);
}

static void since_last_time(void **unused)
{
	struct hist_view before, now;
	struct hist_row *h;

	(void)unused;
	assert_int_equal(hist_view_init(&before, HIST_BY_STATE, 1), 0);
	assert_int_equal(hist_view_init(&now, HIST_BY_STATE, 1), 0);
	h = &now.entry[0].row[ST_ESTABLISHED];
	count_one(&before.entry[0].row[ST_ESTABLISHED], 9 * SEC);
	before.mono_ns = SEC;
	count_one(h, 9 * SEC);
	count_one(h, 2 * SEC);
	now.mono_ns = 3 * SEC;
	now.missed[HIST_FULL] = 4;
	hist_view_less(&now, &before);
	assert_int_equal(histogram_count(h), 1);
	assert_true(h->max_ns >= 7 * SEC / 4 && h->max_ns <= 9 * SEC / 4);
	assert_true(now.span_ns == 2 * SEC);
	assert_int_equal(histogram_count(&before.entry[0].row[ST_ESTABLISHED]), 2);
	assert_int_equal(before.missed[HIST_FULL], 4);
	hist_view_free(&before);
	hist_view_free(&now);
}

/* Groups by how much is in them, those without one last. */
static void order(void **unused)
{
	struct hist_view v;
	__u32 at[5];

	(void)unused;
	assert_int_equal(hist_view_init(&v, HIST_BY_PORT, 5), 0);
	for (__u32 i = 0; i < 5; i++)
		v.entry[i].slot = i;
	v.entry[HIST_SLOT_OTHER].row[ST_LISTEN].count[9] = 100;
	v.entry[2].row[ST_LISTEN].count[9] = 1;
	v.entry[4].row[ST_LISTEN].count[9] = 2;
	assert_int_equal(hist_view_order(&v, at), 3);
	assert_int_equal(at[0], 4);
	assert_int_equal(at[1], 2);
	assert_int_equal(at[2], HIST_SLOT_OTHER);
	hist_view_free(&v);
}

/* Something in each row, of a process with the worst of names. */
static void fill(struct hist_view *v, enum hist_by by)
{
	assert_int_equal(hist_view_init(v, by, 4), 0);
	for (__u32 i = 0; i < 4; i++) {
		v->entry[i].slot = i;
		memcpy(v->entry[i].group.id, "\x1b[31m\"\\\n\xff\xe4\xb8\xad\xe2\x80\xae",
		       COMM_LEN);
		v->entry[i].group.no = UINT32_MAX;
		for (int row = 0; row < HIST_ROWS; row++) {
			v->entry[i].row[row].max_ns = UINT64_MAX;
			for (int b = 0; b < HIST_BUCKETS; b++)
				v->entry[i].row[row].count[b] = b % 3 ? UINT32_MAX : 1;
		}
	}
}

static void check_lines(const struct obuf *b, unsigned int width)
{
	const char *p = b->data, *end = p + b->len;

	assert_true(b->len > 0 && end[-1] == '\n');
	while (p < end) {
		const char *eol = memchr(p, '\n', end - p);

		if (term_columns(p, eol - p) > width)
			fail_msg("%u columns: %.*s", width, (int)(eol - p), p);
		for (const char *c = p; c < eol; c++)
			assert_true((unsigned char)*c >= ' ');
		p = eol + 1;
	}
}

static void fits_any_width(void **unused)
{
	struct hist_view v;
	struct obuf b;

	(void)unused;
	for (int by = 0; by < HIST_NBYS; by++) {
		fill(&v, by);
		for (unsigned int width = 1; width < 300; width += width < 90 ? 1 : 37) {
			struct out_options o = {.width = width, .names = width % NAMES_KERNEL};

			assert_int_equal(obuf_init(&b, -1), 0);
			hist_text(&b, &v, &o, 0);
			hist_text_bars(&b, &v, &o);
			check_lines(&b, width);
			obuf_free(&b);
		}
		hist_view_free(&v);
	}
}

static int lines_with(const struct obuf *b, const char *what)
{
	int n = 0;

	for (const char *p = b->data; (p = memmem(p, b->data + b->len - p, what, strlen(what)));
	     p++)
		n++;
	return n;
}

static void many_empty_bars_are_one_line(void **unused)
{
	struct out_options o = {.width = 80};
	struct hist_view v;
	struct obuf b;

	(void)unused;
	assert_int_equal(hist_view_init(&v, HIST_BY_STATE, 1), 0);
	v.entry[0].row[ST_ESTABLISHED].count[hist_bucket(1000)] = 1;
	v.entry[0].row[ST_ESTABLISHED].count[hist_bucket(8000)] = 1;	/* two are empty between */
	v.entry[0].row[ST_ESTABLISHED].count[hist_bucket(1000000)] = 1; /* six */
	assert_int_equal(obuf_init(&b, -1), 0);
	hist_text_bars(&b, &v, &o);
	assert_int_equal(lines_with(&b, "|#"), 3);
	assert_int_equal(lines_with(&b, " 0 |\n"), 2);
	assert_int_equal(lines_with(&b, "...\n"), 1);
	obuf_free(&b);
	hist_view_free(&v);
}

static void as_many_lines_as_asked(void **unused)
{
	struct out_options o = {.width = 80};
	struct hist_view v;
	struct obuf b;
	int lines = 0;

	(void)unused;
	fill(&v, HIST_BY_PROCESS);
	assert_int_equal(obuf_init(&b, -1), 0);
	hist_text(&b, &v, &o, 20);
	for (size_t i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	assert_int_equal(lines, 20);
	obuf_free(&b);
	hist_view_free(&v);
}

static json_int_t bucket_sum(const json_t *buckets)
{
	json_int_t sum = 0;
	const json_t *bucket;
	size_t i;

	json_array_foreach(buckets, i, bucket)
	{
		sum += json_integer_value(json_object_get(bucket, "count"));
		assert_true(json_integer_value(json_object_get(bucket, "from_ns")) <
			    json_integer_value(json_object_get(bucket, "to_ns")));
	}
	return sum;
}

static void json_lines(void **unused)
{
	struct out_options o = {0};
	struct hist_view v;
	struct obuf b;

	(void)unused;
	for (int by = 0; by < HIST_NBYS; by++) {
		int lines = 0;

		fill(&v, by);
		assert_int_equal(obuf_init(&b, -1), 0);
		for (int i = 0; i < 4; i++)
			for (int row = 0; row < HIST_ROWS; row++)
				v.entry[i].row[row].max_ns = SEC;
		hist_json(&b, &v, &o, true);
		for (char *p = b.data; p < b.data + b.len; lines++) {
			char *eol = memchr(p, '\n', b.data + b.len - p);
			json_t *line = json_loadb(p, eol - p, 0, NULL);

			assert_non_null(line);
			has_string(line, "type", "hist");
			has_string(line, "by", hist_by_name(by));
			assert_true(bucket_sum(json_object_get(line, "buckets")) ==
				    json_integer_value(json_object_get(line, "count")));
			json_decref(line);
			p = eol + 1;
		}
		assert_int_equal(lines, 4 * 11);
		obuf_free(&b);
		hist_view_free(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_bounds),
		cmocka_unit_test(too_long),
		cmocka_unit_test(highest_bits),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(nothing),
		cmocka_unit_test(since_last_time),
		cmocka_unit_test(order),
		cmocka_unit_test(fits_any_width),
		cmocka_unit_test(many_empty_bars_are_one_line),
		cmocka_unit_test(as_many_lines_as_asked),
		cmocka_unit_test(json_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
