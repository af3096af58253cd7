/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libmicrohttpd, which is loaded where pages are served and not with the program: TLS, which it
 * brings and nothing here uses, would take half of the time that any command takes to start.
 */
#ifndef TCPDWELL_OUT_MHD_H
#define TCPDWELL_OUT_MHD_H

#include <microhttpd.h>

/* What is used of it.  dist/debian/on_demand.c asks for these too. */
#define MHD_FUNCTIONS(f)                                       \
	f(add_response_header);                                \
	f(create_response_from_buffer);                        \
	f(create_response_from_buffer_with_free_callback_cls); \
	f(destroy_response);                                   \
	f(get_connection_info);                                \
	f(get_daemon_info);                                    \
	f(get_timeout);                                        \
	f(queue_response);                                     \
	f(run);                                                \
	f(start_daemon);                                       \
	f(stop_daemon)

/* Each has the type that the library's header declares. */
#define MHD_POINTER(name) __typeof__(&MHD_##name) name
struct mhd {
	MHD_FUNCTIONS(MHD_POINTER);
};

/* Good to call once mhd_load() gave 0. */
extern struct mhd mhd;

/*
 * Loads the library and fills the table, the first time that it is called; it stays loaded.
 * Needs leave to map code, which rights_filter() takes away.  0, or -ELIBACC when the library
 * is not there or lacks a function; the message is out.
 */
int mhd_load(void);

#endif
