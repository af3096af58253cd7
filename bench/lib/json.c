// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "result.h"

static const char *const keys[FIGURES] = {
	[FIG_RATE] = "rate",
	[FIG_KEPT] = "rate_kept",
	[FIG_QUIET] = "rate_kept_quiet",
	[FIG_ADDED] = "added_ns",
	[FIG_BPF] = "bpf_ns",
	[FIG_READER] = "reader_ns",
	[FIG_PEAK] = "peak_kb",
	[FIG_LOST] = "lost",
	[FIG_MISSING] = "missing",
	[FIG_BYTES] = "bytes_per_line",
};

static void series(FILE *f, const char *key, const struct series *s)
{
	if (!s->n) {
		fprintf(f, "\"%s\":null", key);
		return;
	}
	fprintf(f, "\"%s\":{\"median\":%.6g,\"min\":%.6g,\"max\":%.6g,\"rounds\":[", key,
		series_median(s), series_min(s), series_max(s));
	for (unsigned int i = 0; i < s->n; i++)
		fprintf(f, "%s%.6g", i ? "," : "", s->v[i]);
	fputs("]}", f);
}

static void programs(FILE *f, const struct row *row)
{
	fputs(",\"programs\":[", f);
	for (unsigned int i = 0; i < row->progs.n; i++) {
		const struct prog *p = &row->progs.prog[i];

		fprintf(f,
			"%s{\"name\":\"%s\",\"run_ns\":%llu,\"runs\":%llu,\"jited_bytes\":%u,"
			"\"verified\":%u}",
			i ? "," : "", p->name, (unsigned long long)p->run_ns,
			(unsigned long long)p->runs, p->jited_len, p->verified);
	}
	fprintf(f, "],\"timed_transitions\":%lu", row->timed_transitions);
}

static void row_json(FILE *f, const struct row *row)
{
	fprintf(f, ",\n {\"key\":\"%s\",\"title\":\"%s\"", row->subject->key, row->subject->title);
	if (row->skip)
		fprintf(f, ",\"skipped\":\"%s\"", row->skip);
	for (int i = 0; i < FIGURES; i++) {
		fputc(',', f);
		series(f, keys[i], &row->fig[i]);
	}
	programs(f, row);
	fputc('}', f);
}

static void result_json(FILE *f, const struct result *r)
{
	fprintf(f, "{\"key\":\"%s\",\"title\":\"%s\",\"rows\":[\n {\"key\":\"untraced\",",
		r->scenario->key, r->scenario->title);
	series(f, "rate", &r->rate);
	fputc(',', f);
	series(f, "quiet_ns", &r->quiet_ns);
	fputc('}', f);
	for (int i = 0; i < SUBJECTS; i++)
		if (r->row[i].subject)
			row_json(f, &r->row[i]);
	fputs("]}", f);
}

void json_print(FILE *f, const struct setting *set, const struct result *r, unsigned int n,
		const struct sweep *s)
{
	struct utsname host;

	uname(&host);
	fprintf(f,
		"{\"version\":\"%s\",\"kernel\":\"%s\",\"machine\":\"%s\",\"cpus\":%ld,"
		"\"rounds\":%u,\"connections\":%lu,\n\"scenarios\":[",
		TCPDWELL_VERSION, host.release, host.machine, sysconf(_SC_NPROCESSORS_ONLN),
		set->rounds, set->connections);
	for (unsigned int i = 0; i < n; i++) {
		fputs(i ? ",\n" : "", f);
		result_json(f, &r[i]);
	}
	fputs("]", f);
	if (s) {
		fprintf(f, ",\n\"sweep\":{\"sockets\":%lu,", s->sockets);
		series(f, "sweep_ms", &s->sweep_ms);
		fputc(',', f);
		series(f, "ss_ms", &s->ss_ms);
		fputc(',', f);
		series(f, "list_ms", &s->list_ms);
		fputc('}', f);
	}
	fputs("}\n", f);
}
