/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Formatting without printf(), for what is printed with every transition.
 * Each function writes at p, without a final NUL, and returns the end; the
 * caller has seen to the room, of which each says how much it takes at most.
 */
#ifndef TCPDWELL_OUT_FMT_H
#define TCPDWELL_OUT_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>

/* A string literal. */
#define FMT_LIT(p, s) ((char *)mempcpy((p), (s), sizeof(s) - 1))

#define FMT_U64_MAX 20
#define FMT_ADDR_MAX 45
#define FMT_ENDPOINT_MAX (FMT_ADDR_MAX + 8)
#define FMT_TIME_MAX 30
#define FMT_CLOCK_MAX 12
#define FMT_DURATION_MAX 7
#define FMT_SIZE_MAX 5

/* A string up to its NUL. */
char *fmt_str(char *p, const char *s);

/* Decimal: FMT_U64_MAX.  Hexadecimal without 0x: 16. */
char *fmt_u64(char *p, __u64 v);
char *fmt_hex(char *p, __u64 v);

/* Decimal with zeros in front; v must fit. */
char *fmt_digits(char *p, __u32 v, int digits);

/*
 * An address of 16 bytes in network order: RFC 5952 text, an IPv4-mapped one as
 * the IPv4 address.  FMT_ADDR_MAX.
 */
char *fmt_addr(char *p, const __u8 addr[16]);

/* "192.0.2.1:80", "[2001:db8::1]:80"; port 0 as "*".  FMT_ENDPOINT_MAX. */
char *fmt_endpoint(char *p, const __u8 addr[16], __u16 port);

/* The text of the last second, since most that is printed shares it. */
struct fmt_clock {
	__s64 sec;
	__u8 len; /* 0: nothing is here yet */
	char text[20];
};

/* CLOCK_REALTIME in ns as RFC 3339 in UTC, "2024-02-29T12:00:00.000000000Z".  FMT_TIME_MAX. */
char *fmt_time(char *p, struct fmt_clock *c, __s64 real_ns);

/* The same as time of day in the local zone, "12:00:00.000".  FMT_CLOCK_MAX. */
char *fmt_time_local(char *p, struct fmt_clock *c, __s64 real_ns);

/*
 * A duration for people, cut off and not rounded, so that a stay below a
 * threshold never reads as if it had reached it: "0", "850ns", "12us", "300ms",
 * "4.21s", "4m12s", "2h05m", "3d04h".  FMT_DURATION_MAX.
 */
char *fmt_duration(char *p, __u64 ns);

/* The same for a threshold that someone chose: "60s" and "4m", not "1m00s" and "4m00s". */
char *fmt_threshold(char *p, __u64 ns);

/* Bytes for people, in powers of 1024: "512", "4.2K", "117M".  FMT_SIZE_MAX. */
char *fmt_size(char *p, __u64 bytes);

#endif
