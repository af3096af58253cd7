/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pieces of an SVG that can be read on light and on dark paper. */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stdio.h>

/* Classes: "ours", "peer" and "floor" fill, "l0" to "l5" draw, "head" and "dim" are for words. */
void svg_begin(FILE *f, int width, int height, const char *title);
void svg_end(FILE *f);

/* anchor: "start", "middle" or "end" */
void svg_text(FILE *f, double x, double y, const char *class, const char *anchor, const char *text);
void svg_line(FILE *f, double x1, double y1, double x2, double y2, const char *class);
void svg_bar(FILE *f, double x, double y, double width, double height, const char *class);
void svg_dot(FILE *f, double x, double y, const char *class);

#endif
