/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A line: those who wait for an object, first come, first served, until a time has come, a context
 * is done, or the object goes away. The line's lock guards the object too. Whoever holds it may take
 * waiters out (fl_waiters_claim of runtime/sync/wait.h) and tell them when it is free.
 *
 *   waits                                     closes
 *   inside + 1, under the lock                closed, under the lock; tells all -EIDRM
 *   waits without the lock
 *   inside - 1, under the lock; does what     waits until inside is 0
 *   it has to do, releases it (last touch)    frees the object
 *
 * Threads: any. Zero bytes: nobody is there. */
#ifndef FL_LINE_H
#define FL_LINE_H

#include <filch/context.h>
#include <runtime/sync/wait.h>

typedef struct fl_line {
    filch_u32 lock;
    bool closed;
    unsigned inside; /* who wait, or have been told and not yet come back */
    filch_waiters waiters, closer;
} fl_line;

static inline void fl_line_lock(fl_line *line)
{
    fl_lock(&line->lock);
}

/* Also the last touch of who was inside: it lets the closer go on. */
void fl_line_unlock(fl_line *line);

/* Waits; the lock is held when it is called, and again when it returns. `data` is for who tells.
 * Returns what it was told; -ETIMEDOUT (at once, if until is past); the context's cause; -EIDRM;
 * -ENOMEM, -EAGAIN no timer. context NULL: none. Suspends, or blocks. */
int fl_line_wait(fl_line *line, void *data, int64_t until, filch_context *context);

/* Everybody who waits is told -EIDRM, as who comes later is. */
void fl_line_close(fl_line *line);
/* After that: waits until nobody is inside. */
void fl_line_await(fl_line *line);

#endif
