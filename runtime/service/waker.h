/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waker: lets a plain thread sleep in poll() until another thread or a fiber has something for it.
 *
 * The race: the thread finds its list empty and is about to sleep, while another party appends to
 * the list. Both act under one lock. The sleeper sets `asleep` in the critical section in which it
 * sees the list empty. The other party finds `asleep` set, clears it, and writes to the eventfd,
 * which ends the poll even if it has not begun. So each sleep costs one write at most, and a busy
 * thread none. */
#ifndef FL_WAKER_H
#define FL_WAKER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct fl_waker {
    int fd;
    bool asleep; /* under the lock of the caller's list */
} fl_waker;

enum { FL_WAKER_FDS = 16 };

/* 0, or a negative errno: no descriptor. */
int fl_waker_init(fl_waker *waker);
void fl_waker_end(fl_waker *waker);
/* Under the lock: does the sleeper need a write? Then call fl_waker_write after unlocking. */
static inline bool fl_waker_call(fl_waker *waker)
{
    bool was = waker->asleep;
    waker->asleep = false;
    return was;
}
void fl_waker_write(fl_waker *waker);
/* Takes back writes; does not wait. */
void fl_waker_clear(fl_waker *waker);
/* The sleeper, after it has set `asleep` and unlocked: waits for a write, for one of count
 * descriptors fds[1..count], or for `until` of filch_now(). fds[0] is overwritten. */
void fl_waker_sleep(fl_waker *waker, struct pollfd *fds, unsigned count, int64_t until);

#endif
