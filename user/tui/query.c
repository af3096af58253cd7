// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "out/escape.h"
#include "out/fmt.h"
#include "tui/query.h"
#include "tui/text.h"

#define ROW_ROOM (OWNER_ROOM + 2 * FMT_ENDPOINT_MAX + 64)

void query_add(struct query *q, unsigned int character)
{
	char text[4];
	size_t n = utf8_put(text, character);

	if (q->len + n > QUERY_MAX)
		return;
	memcpy(q->text + q->len, text, n);
	q->len += n;
	q->text[q->len] = '\0';
}

void query_back(struct query *q)
{
	while (q->len && (q->text[--q->len] & 0xc0) == 0x80)
		;
	q->text[q->len] = '\0';
}

void query_clear(struct query *q)
{
	memset(q, 0, sizeof(*q));
}

/* All that a word is looked for in, in one string. */
static void row_words(char *p, const struct source *s, const struct conn *c)
{
	p = fmt_str(p, state_name(s->names, c->state));
	*p++ = ' ';
	p = put_owner(p, s, &c->ident.owner, NULL);
	*p++ = ' ';
	p = fmt_endpoint(p, c->ident.laddr, c->ident.lport);
	*p++ = ' ';
	p = fmt_endpoint(p, c->ident.raddr, c->ident.rport);
	*p = '\0';
}

bool query_match(const struct query *q, const struct source *s, const struct conn *c)
{
	char row[ROW_ROOM], words[QUERY_MAX + 1], *word, *rest = words;
	struct bunch_id key;

	if (q->by && (!bunch_id_of(q->by, c, &key) || memcmp(&key, &q->key, sizeof(key)) != 0))
		return false;
	if (!q->len)
		return true;
	row_words(row, s, c);
	memcpy(words, q->text, sizeof(words));
	while ((word = strsep(&rest, " "))) {
		bool not = *word == '!';

		if (word[not ] && !strcasestr(row, word + not ) != not )
			return false;
	}
	return true;
}
