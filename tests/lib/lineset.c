// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lineset.h"
#include "tap.h"
#include "tracer.h"

void lineset_add(struct lineset *s, const json_t *line)
{
	if (s->n < LINESET_MAX && asprintf(&s->text[s->n], "%s %s>%s", line_str(line, "sk"),
					   line_str(line, "from"), line_str(line, "to")) > 0)
		s->n++;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void lineset_sort(struct lineset *s)
{
	qsort(s->text, s->n, sizeof(*s->text), by_text);
}

bool lineset_same(const struct lineset *want, const struct lineset *got, bool tell)
{
	int i = 0, k = 0, wrong = 0;

	while (i < want->n || k < got->n) {
		int c = i == want->n ? 1 : k == got->n ? -1 : strcmp(want->text[i], got->text[k]);

		if (c && tell)
			tap_diag("%s %s", c < 0 ? "missing " : "too much",
				 c < 0 ? want->text[i] : got->text[k]);
		wrong += !!c;
		i += c <= 0;
		k += c >= 0;
	}
	return !wrong;
}

void lineset_free(struct lineset *s)
{
	while (s->n)
		free(s->text[--s->n]);
}
