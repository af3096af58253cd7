// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "svg.h"

/* Ink for light paper, and for dark where the reader has that. */
static const char style[] =
	"<style>\n"
	"text{font:12px system-ui,sans-serif;fill:#24292f}\n"
	".head{font-weight:600;font-size:14px}.dim{fill:#6e7781}\n"
	".ours{fill:#2f81f7}.peer{fill:#8c959f}.floor{fill:#3fb950}\n"
	"line,polyline{stroke:#8c959f;fill:none}.grid{stroke:#8c959f;stroke-opacity:.35}.spread{stroke:#24292f;stroke-width:1.5}\n"
	".l0{stroke:#2f81f7;fill:#2f81f7}.l1{stroke:#3fb950;fill:#3fb950}\n"
	".l2{stroke:#d29922;fill:#d29922}.l3{stroke:#a371f7;fill:#a371f7}\n"
	".l4{stroke:#db6d28;fill:#db6d28}.l5{stroke:#8c959f;fill:#8c959f}\n"
	"text.l0,text.l1,text.l2,text.l3,text.l4,text.l5{stroke:none}\n"
	"@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#8d96a0}.spread{stroke:#e6edf3}}\n"
	"</style>\n";

static void put_escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else
			fputc(*text, f);
	}
}

void svg_begin(FILE *f, int width, int height, const char *title)
{
	fputs("<!-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause -->\n", f);
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n<title>",
		width, height, width, height);
	put_escaped(f, title);
	fprintf(f, "</title>\n%s", style);
}

void svg_end(FILE *f)
{
	fputs("</svg>\n", f);
}

void svg_text(FILE *f, double x, double y, const char *class, const char *anchor, const char *text)
{
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, class,
		anchor);
	put_escaped(f, text);
	fputs("</text>\n", f);
}

void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1,
		x2, y2, class);
}

void svg_bar(FILE *f, double x, double y, double width, double height, const char *class)
{
	fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x,
		y, width, height, class);
}

void svg_dot(FILE *f, double x, double y, const char *class)
{
	fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"%s\"/>\n", x, y, class);
}
