/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the tests of the deadlock detector. It looks at the whole process, so each test is a process of
 * its own (child_run): nothing made here is ever given back. */
#ifndef SUPPORT_DEADLOCK_H
#define SUPPORT_DEADLOCK_H

#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <unistd.h>

enum { LONG = 140 }; /* ms: longer than the detector looks */
extern unsigned deadlock_workers;
extern const char *deadlock_queue;
filch_runtime *deadlock_runtime(void);
filch_channel *deadlock_channel(void);
void receives(filch_self self, void *from);
void *thread_receives(void *from);
void not_reported(const char *report, void *unused);
/* work() returns, and nothing is reported meanwhile. index: its row, for the reader of a
 * failure. */
void expect_no_report(void (*work)(void), unsigned index);

#endif
