/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The owner's loop. Each turn takes the jobs whose functions have returned, answers, receives and
 * submits; then the owner sleeps until the broker, a runner, or a time needs it. */
#ifndef FL_SERVICE_LOOP_H
#define FL_SERVICE_LOOP_H

#include <filch/service.h>
#include <runtime/service/broker.h>

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* Until the drain is over. 0, or the error of filch_service_run. */
int fl_service_loop(filch_service *service);
/* Until nothing can be done now. 0, or the error of filch_service_run_ready. */
int fl_service_loop_ready(filch_service *service);
/* Frees the jobs of a service whose pool is gone. */
void fl_service_discard(filch_service *service);

/* ---- The exchange with the broker ---- */

/* Answers and the next messages in one call of the broker, if it has `exchange`. By the owner. */

/* While messages are to be received and there are answers, sends these along, also before they are
 * due. fl_service_settle and fl_service_receive do the rest. */
void fl_service_exchange(filch_service *service);

/* ---- The waker ---- */

/* Waker: lets a plain thread sleep in poll() until another thread or a fiber has something for it.
 *
 * The race: the thread finds its list empty and is about to sleep, while another party appends to
 * the list. Both act under one lock. The sleeper sets `asleep` in the critical section in which it
 * sees the list empty. The other party finds `asleep` set, clears it, and writes to the eventfd,
 * which ends the poll even if it has not begun. So each sleep costs one write at most, and a busy
 * thread none. */

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

/* ---- The pulse ---- */

/* The pulse of a service: a function that the owner's thread calls after its first turn, and then
 * once in a period for as long as it turns. So a caller learns that the service works, and a watchdog
 * that it does not. */

typedef void fl_pulse_fn(void *arg);

typedef struct fl_pulse {
    fl_pulse_fn *fn; /* NULL: none */
    void *arg;
    int64_t every; /* ns */
    int64_t due;   /* of filch_now */
} fl_pulse;

/* Before the service runs. fn must not wait: the owner does nothing else meanwhile. */
void fl_service_pulse_set(filch_service *service, fl_pulse_fn *fn, void *arg, int64_t every);
/* The owner, after a turn. */
void fl_service_pulse(filch_service *service);
/* The time of filch_now at which the owner has to turn for it. */
int64_t fl_service_pulse_due(const filch_service *service);

/* ---- Cancelled jobs ---- */

/* Cancel of single jobs: asks the broker which of the leased messages are to be cancelled. Only jobs that
 * are held for a while cost a question, and messages that come again, since a message can be marked
 * no sooner than it is leased. All by the owner. */

/* Asks about all leased messages if that is due. */
void fl_service_look_for_stopped(filch_service *service);
/* The time of filch_now at which it is; FILCH_FOREVER: it never is. */
int64_t fl_service_stopped_due(const filch_service *service);
/* Asks about those of a batch that were delivered before: they are not to begin. */
void fl_service_stop_redelivered(filch_service *service, fl_delivery *const *batch, unsigned count);

#endif
