/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What else goes on on this machine.  Programs of others on the same tracepoint
 * would be measured as if they were the kernel's own work.
 */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

/*
 * The tracing programs that are there now are taken to stay, and are not waited
 * for.  How many.  patience_s: how long all the waiting may take; after that the
 * machine is measured as it is.
 */
unsigned int others_note(long patience_s);

/* Before a tracer starts: waits until there are no others, and the CPUs rest. */
void others_wait(void);

/* A storm was run.  own: how many programs are the measured tracer's.  Whether it was alone. */
int others_check(unsigned int own);

/* Of all storms: how many were not alone. */
unsigned int others_disturbed(unsigned int *storms);

#endif
