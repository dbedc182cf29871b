/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a process gives to a whole engine under the checker: threads, which are those of the model
 * (worker i is thread i + 1), fibers' memory, jobs, a processor without topology. */
#ifndef MC_PROCESS_H
#define MC_PROCESS_H

#include <runtime/core/worker.h>

/* Setup, once rt->workers and rt->asymmetric are known, before its workers are made. */
void process_setup(filch_runtime *rt);
/* Body of a worker's thread: what pthread_create was given for it. */
void process_run(unsigned thread);

#endif
