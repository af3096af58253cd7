/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The terminal, by ncurses.  Whatever ends the program, a crash included, the
 * terminal is as it was before.  One screen at a time.
 */
#ifndef TCPDWELL_TUI_SCREEN_H
#define TCPDWELL_TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/page.h"

/* Whether stdin and stdout are a terminal. */
bool screen_is_there(void);

/* 0, or -ENODEV with a sentence in why: the terminal can't do it, or is of an unknown type. */
int screen_check(char *why, size_t room);

/* Takes the terminal.  0 or -errno. */
int screen_open(void);
void screen_close(void);

/* Whether the terminal takes UTF-8.  After screen_open(). */
bool screen_utf8(void);

void screen_size(int *height, int *width);

/* The terminal has another size. */
void screen_resized(void);

/* Stops the program as ^Z does, with the terminal given back until it is continued. */
void screen_stop(void);
/* Continued, by whatever it was stopped: the terminal may be in any mode, and have anything on it.
 */
void screen_resume(void);

/* A key (enum ui_key or a character), or -1: none is there. */
int screen_key(void);

void screen_clear(void);
/* Text of so many columns at most; the rest of them gets blank. */
void screen_put(int line, int column, int width, const char *text, size_t len, enum style style);
/* The cursor, to type at. */
void screen_cursor(int line, int column);
/*
 * Nothing while the terminal takes nothing; ends_set(), which the caller
 * has blocked, ends the program where it stops taking it meanwhile.
 */
void screen_show(void);
/* As screen_show(), with nothing taken for granted. */
void screen_repaint(void);

#endif
