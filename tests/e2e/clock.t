#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell watch` while the wall clock is set: an hour on, then two back. Nobody
# else's clock is touched: a library before the C library's adds what a file says.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/watch.sh
. "$(dirname "$0")/lib/watch.sh"

case $(ldd "$TCPDWELL" 2>&1) in
*"not a dynamic"*) skip_all "a static program has the C library's clock" ;;
*libasan*) skip_all "the sanitizer's library has to come first" ;;
esac
cat >"$dir/clock.c" <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile const char *ahead = "0";

__attribute__((constructor)) static void map(void)
{
	int fd = open(getenv("CLOCK_AHEAD"), O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		ahead = p;
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	long err = syscall(SYS_clock_gettime, id, ts);

	if (!err && id == CLOCK_REALTIME)
		ts->tv_sec += atol((const char *)ahead);
	return (int)err;
}
END
"${CC:-cc}" -shared -fPIC -o "$dir/clock.so" "$dir/clock.c" 2>"$dir/cc" ||
	skip_all "no compiler: $(head -1 "$dir/cc")"
set_clock() {
	printf '%-20s' "$1" | dd of="$dir/ahead" conv=notrunc status=none
}
head -c 4096 /dev/zero >"$dir/ahead"
set_clock 0

export CLOCK_AHEAD=$dir/ahead LD_PRELOAD=$dir/clock.so
watch clock --max CLOSE_WAIT=6s
unset LD_PRELOAD
leak not_closing 1
sleep 1
set_clock 3600
wait_for 30 has_alerts 1 clock firing
ok $? "the clock goes on by an hour: alerted of"
is "$(alerts clock firing '.dwell_ns >= 6000000000 and .dwell_ns < 60000000000')" 1 \
	"... after its threshold, not before and not an hour later" || diag "$(cat "$dir/clock.out")"
told=$(jq -r 'select(.type == "alert").time | sub("\\..*"; "Z") | fromdate' "$dir/clock.out")
[ "$((told - $(date +%s)))" -gt 3500 ]
ok $? "... and told with the time that the clock shows now" || diag "$told, $(date +%s)"
set_clock -3600
sleep 1
unleak
wait_for 30 has_alerts 1 clock resolved '.dwell_ns < 60000000000'
ok $? "... and back by two: resolved, with the time that it took"
leak not_closing 1
wait_for 30 has_alerts 2 clock firing '.dwell_ns >= 6000000000 and .dwell_ns < 60000000000'
ok $? "the next one is alerted of"
unleak
unwatch clock

done_testing
