/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls from the engine up into the layers above it, which it does not include. The layer above
 * defines the one table (runtime/sync/upcalls.c). It is constant: every entry is there before any
 * code runs, and none is NULL. No entry is called where tasks are forked, joined or run: a call
 * through a table would cost there. */
#ifndef FL_UPCALLS_H
#define FL_UPCALLS_H

struct filch_runtime;

typedef struct fl_hooks_table {
    /* atfork.c, in a child of fork(): the calling thread is the only one, and no runtime is
     * left. */
    void (*forked)(void);
    /* filch_runtime_create: rt works, and its creator does not have it yet. */
    void (*created)(struct filch_runtime *rt);
    /* filch_runtime_destroy: the workers' threads have ended; rt is freed when this returns. */
    void (*ended)(struct filch_runtime *rt);
    /* fl_suspect, while a detector of deadlocks is on: all may be at rest. Any thread, without a
     * lock. */
    void (*suspect)(void);
    /* A worker of rt starves (runtime/engine/starvation.h), and has napped long. Once per long nap. */
    void (*starves)(struct filch_runtime *rt);
    /* filch_panic, before it unwinds: unwinding needs a worker, and the calling task may be in a
     * blocking call. May suspend. */
    void (*panics)(void);
} fl_hooks_table;

extern const fl_hooks_table fl_hooks;

#endif
