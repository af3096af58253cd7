// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A recording that anyone may have made: read, filtered, and told to a model
 * whose outputs print it.  The checksum is in a fuzzer's way, so that there are
 * two forms of input, by the first byte: a file as it is, or the columns of one
 * block after the other, each behind its length in two bytes.
 *
 *	fuzz_rec --corpus DIR FILE...	makes inputs of both forms from recordings
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "out/out.h"
#include "rec/player.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define FORM_FILE 0
#define FORM_COLUMNS 1

static int null_fd = -1;

static struct sink *make_sink(struct sink *(*make)(const struct out_options *), int names)
{
	struct out_options o = {.fd = null_fd, .talk_fd = null_fd, .names = names, .width = 120};

	return make(&o);
}

static void begin(struct player *p, struct model *m, struct reader *r)
{
	memset(p, 0, sizeof(*p));
	if (model_init(m))
		abort();
	m->alerts = true;
	model_add_sink(m, make_sink(json_sink_new, 0));
	model_add_sink(m, make_sink(text_sink_new, 1));
	p->model = m;
	p->reader = r;
}

/* With a filter that lets about half of it pass. */
static void filter(struct player *p, unsigned int how)
{
	struct filter *f = &p->sift.filter;

	p->sift.active = how & 1;
	if (how & 2)
		f->lport[f->n_lport++] = 443;
	if (how & 4)
		strcpy(f->comm[f->n_comm++], "curl");
	if (how & 8)
		rules_set(&p->model->rules, ST_ESTABLISHED, 1000000);
	p->model->filter = *f;
}

static void end(struct player *p)
{
	player_end(p);
	model_flush(p->model);
	model_free(p->model);
}

static void play_file(const uint8_t *data, size_t size, unsigned int how)
{
	static struct model m;
	struct player p;
	struct reader r;
	struct rec_event e;
	char path[64], *paths[] = {path};
	int fd = memfd_create("rec", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!reader_open(&r, paths, 1)) {
		begin(&p, &m, &r);
		filter(&p, how);
		while (reader_next(&r, &e) > 0 && !player_event(&p, &e))
			;
		end(&p);
	}
	reader_close(&r);
	close(fd);
}

static void play_columns(const uint8_t *data, size_t size, unsigned int how)
{
	static struct codec c;
	static struct model m;
	struct rec_file file = {.index = 1};
	struct reader r = {.files = &file, .n_files = 1};
	struct player p;
	struct rec_event e;

	if (!c.shapes.keys && codec_init(&c, false))
		abort();
	begin(&p, &m, &r);
	filter(&p, how);
	while (size >= 2) {
		size_t n = data[0] | data[1] << 8;
		uint8_t *raw;

		n = n < size - 2 ? n : size - 2;
		raw = malloc(n + 1);
		memcpy(raw, data + 2, n);
		if (!codec_open(&c, raw, n))
			while (codec_get(&c, &e) > 0 && !player_event(&p, &e))
				;
		free(raw);
		data += 2 + n;
		size -= 2 + n;
	}
	end(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] == FORM_FILE)
		play_file(data + 2, size - 2, data[1]);
	else
		play_columns(data + 2, size - 2, data[1]);
	return 0;
}

/*
 * The corpus
 */

static void save(const char *dir, unsigned int no, const void *head, size_t head_len,
		 const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%04u", dir, no);
	f = fopen(path, "w");
	if (!f || fwrite(head, 1, head_len, f) != head_len || fwrite(data, 1, len, f) != len ||
	    fclose(f)) {
		perror(path);
		exit(1);
	}
}

static unsigned int save_blocks(const char *dir, unsigned int no, const uint8_t *data, size_t size)
{
	static struct codec c;
	struct block_head h;
	struct unpacker u;

	if (unpacker_init(&u) || codec_init(&c, false))
		abort();
	for (size_t at = sizeof(struct file_head); at + sizeof(h) < size;
	     at += sizeof(h) + h.size) {
		uint8_t head[4] = {FORM_COLUMNS, no & 15};

		if (block_head_get(&h, data + at) || at + sizeof(h) + h.size > size ||
		    unpacker_block(&u, &h, data + at, &c) || h.raw > 65535)
			break;
		head[2] = h.raw;
		head[3] = h.raw >> 8;
		save(dir, no++, head, sizeof(head), u.raw, h.raw);
	}
	codec_free(&c);
	unpacker_free(&u);
	return no;
}

static int make_corpus(const char *dir, char *const *files)
{
	static uint8_t data[1 << 20];
	unsigned int no = 0;

	for (; *files; files++) {
		uint8_t head[2] = {FORM_FILE, no & 15};
		FILE *f = fopen(*files, "r");
		size_t n;

		if (!f) {
			perror(*files);
			return 1;
		}
		n = fread(data, 1, sizeof(data), f);
		fclose(f);
		save(dir, no++, head, sizeof(head), data, n);
		no = save_blocks(dir, no, data, n);
	}
	printf("%u inputs in %s\n", no, dir);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc > 3 && !strcmp((*argv)[1], "--corpus"))
		exit(make_corpus((*argv)[2], *argv + 3));
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return 0;
}
