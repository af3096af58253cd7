// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "out/escape.h"
#include "tui/screen.h"
#include "tui/text.h"
#include "tui/ui.h"
#include "util/ends.h"

/* Last: they make macros of common words. */
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>
#undef columns
#undef lines

/*
 * What has to be known to give the terminal back from a signal handler, where
 * ncurses must not be called.
 */
static struct {
	volatile sig_atomic_t taken;
	struct termios modes;
	char reset[256];
	size_t reset_len;
	char stack[64 << 10]; /* the crash may be that there is no more of the other */
} rescue;

static SCREEN *screen;
static WINDOW *keys; /* a pad: to read a key from a window would paint it first */
static bool utf8;
static bool colored;
static bool typing; /* the cursor is wanted */

static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS,	 SIGFPE, SIGILL,
			      SIGSYS,  SIGTRAP, SIGQUIT, SIGXCPU};

#define N(a) (sizeof(a) / sizeof((a)[0]))

bool screen_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static const char *terminal_string(const char *name)
{
	const char *s = tigetstr(name);

	return s && s != (const char *)-1 ? s : NULL;
}

int screen_check(char *why, size_t room)
{
	const char *type = getenv("TERM");
	char name[64 * TERM_ESCAPE_MAX + 1];
	int found = 0;
	bool full;

	if (!type || !*type) {
		snprintf(why, room,
			 "TERM is not set: which type of terminal this is, is not known");
		return -ENODEV;
	}
	*term_escape(name, type, strnlen(type, 64)) = '\0';
	if (setupterm(type, STDOUT_FILENO, &found) != OK || found != 1) {
		snprintf(why, room, "nothing is known of terminals of the type '%s' (TERM)", name);
		return -ENODEV;
	}
	full = terminal_string("cup") && terminal_string("clear");
	del_curterm(cur_term);
	if (full)
		return 0;
	snprintf(why, room, "a terminal of the type '%s' (TERM) has no full screen", name);
	return -ENODEV;
}

/* Without its padding ($<5>), which a handler has no time for. */
static void rescue_add(const char *name)
{
	const char *s = terminal_string(name);

	for (; s && *s && rescue.reset_len < sizeof(rescue.reset); s++) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>'))
			s = strchr(s, '>');
		else
			rescue.reset[rescue.reset_len++] = *s;
	}
}

/* Stopped by ^S, or at the end of a line that nobody reads, it does not. */
static bool takes_output(void)
{
	struct pollfd out = {STDOUT_FILENO, POLLOUT, 0};

	return poll(&out, 1, 0) != 0;
}

/*
 * Without ncurses, which would wait for the terminal to take it.  From one that
 * takes nothing, what it has not shown yet is dropped to make room.
 */
static void give_back_at_once(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (!rescue.taken)
		return;
	rescue.taken = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
	if (!takes_output()) {
		tcflow(STDOUT_FILENO, TCOOFF); /* TCOON alone takes back no ^S */
		tcflow(STDOUT_FILENO, TCOON);
		tcflush(STDOUT_FILENO, TCOFLUSH);
	}
	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	if (write(STDOUT_FILENO, rescue.reset, rescue.reset_len) < 0)
		rescue.taken = 0;	      /* nobody is there to see it */
	fcntl(STDOUT_FILENO, F_SETFL, flags); /* others share it */
}

static void crashed(int sig)
{
	give_back_at_once();
	/* the handler is gone (SA_RESETHAND): this ends the program as it would have */
	raise(sig);
}

static void catch_crashes(void)
{
	stack_t stack = {.ss_sp = rescue.stack, .ss_size = sizeof(rescue.stack)};
	struct sigaction act = {.sa_handler = crashed,
				.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK};

	/* from the last thing done to the first */
	rescue_add("sgr0");
	rescue_add("op");
	rescue_add("rmkx");
	rescue_add("cnorm");
	rescue_add("rmcup");
	sigaltstack(&stack, NULL);
	sigfillset(&act.sa_mask);
	for (size_t i = 0; i < N(crashes); i++)
		sigaction(crashes[i], &act, NULL);
}

/*
 * What ends the program waits in a descriptor until somebody reads it, which
 * nobody does while ncurses waits for the terminal.  So it comes here meanwhile.
 */

static volatile sig_atomic_t asked;

static void asked_to_end(int sig)
{
	if (takes_output()) {
		asked = sig;
		return;
	}
	give_back_at_once();
	_exit(0);
}

static void mask_ends(int how)
{
	sigset_t set;

	ends_set(&set);
	sigprocmask(how, &set, NULL);
}

static void output_begin(void)
{
	struct sigaction act = {.sa_handler = asked_to_end, .sa_flags = SA_RESTART};

	ends_catch(&act);
	mask_ends(SIG_UNBLOCK);
}

static void output_end(void)
{
	mask_ends(SIG_BLOCK);
	if (asked)
		kill(getpid(), asked);
	asked = 0;
}

/* The others are as the terminal has them: a pair without colours of its own is black on black. */
static const short colors[STYLES] = {
	[STYLE_TITLE] = COLOR_CYAN,
	[STYLE_STUCK] = COLOR_RED,
	[STYLE_STRONG] = COLOR_GREEN,
};

static void use_colors(void)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */

	if ((no_color && *no_color) || !has_colors())
		return;
	start_color();
	use_default_colors();
	for (int style = 1; style < STYLES; style++)
		if (colors[style])
			init_pair((short)style, colors[style], -1);
	colored = true;
}

static int attributes(enum style style)
{
	static const int plain[STYLES] = {
		[STYLE_TITLE] = A_BOLD,	    [STYLE_DIM] = A_DIM,     [STYLE_STUCK] = A_BOLD,
		[STYLE_CURSOR] = A_REVERSE, [STYLE_STRONG] = A_BOLD,
	};

	return plain[style] | (colored && colors[style] ? COLOR_PAIR(style) : 0);
}

int screen_open(void)
{
	if (tcgetattr(STDIN_FILENO, &rescue.modes))
		return -errno;
	setlocale(LC_CTYPE, "");
	utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen = newterm(NULL, stdout, stdin);
	keys = screen ? newpad(1, 1) : NULL;
	if (!keys)
		return -ENODEV;
	atexit(screen_close);
	rescue.taken = 1;
	catch_crashes();
	cbreak();
	noecho();
	nonl();
	keypad(keys, TRUE);
	nodelay(keys, TRUE);
	set_escdelay(50);
	intrflush(stdscr, FALSE);
	use_colors();
	return 0;
}

void screen_close(void)
{
	if (!rescue.taken)
		return;
	if (!takes_output()) {
		give_back_at_once();
		return;
	}
	output_begin();
	curs_set(1);
	endwin();
	tcsetattr(STDIN_FILENO, TCSADRAIN, &rescue.modes);
	rescue.taken = 0;
	output_end();
}

bool screen_utf8(void)
{
	return utf8;
}

void screen_size(int *height, int *width)
{
	getmaxyx(stdscr, *height, *width);
}

void screen_resized(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE);
}

/* As the signal would have it: a job that nobody could continue is not stopped. */
static void stop_self(void)
{
	sigset_t stop, before;

	signal(SIGTSTP, SIG_DFL);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void screen_resume(void)
{
	rescue.taken = 1;
	reset_prog_mode();
	screen_resized();
	screen_show();
}

void screen_stop(void)
{
	screen_close();
	stop_self();
	screen_resume();
}

static int key_of(wint_t key)
{
	switch (key) {
	case KEY_UP:
		return UI_UP;
	case KEY_DOWN:
		return UI_DOWN;
	case KEY_PPAGE:
		return UI_PAGE_UP;
	case KEY_NPAGE:
		return UI_PAGE_DOWN;
	case KEY_HOME:
		return UI_HOME;
	case KEY_END:
		return UI_END;
	case KEY_ENTER:
		return UI_ENTER;
	case KEY_BACKSPACE:
		return UI_BACKSPACE;
	default:
		return UI_OTHER;
	}
}

int screen_key(void)
{
	wint_t key;

	switch (wget_wch(keys, &key)) {
	case KEY_CODE_YES:
		return key_of(key);
	case OK:
		break;
	default:
		return -1;
	}
	switch (key) {
	case '\r':
	case '\n':
		return UI_ENTER;
	case 27:
		return UI_ESCAPE;
	case 8:
	case 127:
		return UI_BACKSPACE;
	default:
		return key < UI_UP ? (int)key : UI_OTHER;
	}
}

void screen_clear(void)
{
	erase();
}

void screen_put(int line, int column, int width, const char *text, size_t len, enum style style)
{
	size_t fits = term_fit(text, len, width);
	int used = (int)term_columns(text, fits);

	attrset(attributes(style));
	mvaddnstr(line, column, text, (int)fits);
	if (used < width)
		mvhline(line, column + used, ' ' | attributes(style), width - used);
	attrset(A_NORMAL);
}

void screen_cursor(int line, int column)
{
	typing = line >= 0;
	if (typing)
		move(line, column);
}

void screen_show(void)
{
	if (!takes_output())
		return;
	output_begin();
	curs_set(typing);
	refresh();
	output_end();
}

void screen_repaint(void)
{
	clearok(curscr, TRUE);
	screen_show();
}
