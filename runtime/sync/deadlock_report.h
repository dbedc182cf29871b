/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The texts of the deadlock detector's reports. There is one buffer: all calls under the detector's
 * lock (runtime/sync/deadlock.c); a text is valid until the next call. */
#ifndef FL_DEADLOCK_REPORT_H
#define FL_DEADLOCK_REPORT_H

#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>

/* Nothing can run any more. runtimes: their list; suspended: waiting tasks; waiting: waiting
 * threads that are not workers; others: threads that have never called Filch. */
const char *fl_deadlock_spell(fl_runtime *runtimes, unsigned suspended, unsigned waiting,
                              unsigned others);
/* The same in one line, without its end: a warning. */
const char *fl_deadlock_line(fl_runtime *runtimes, unsigned suspended, unsigned waiting);
/* Tasks cannot begin because there is no memory for a fiber. */
const char *fl_starvation_spell(fl_runtime *runtimes);

#endif
