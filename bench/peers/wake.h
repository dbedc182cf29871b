/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kinds "wake": one thread submits a task to an idle library, waits in the way of the order
 * until it ran, and sleeps until the next. The wait is the same in every peer, so only submission
 * and start differ. C and C++. */
#ifndef PEERS_WAKE_H
#define PEERS_WAKE_H

#include "orders.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The note that a task writes when it starts. */
typedef struct wake_note {
    double started;
    int blocks;    /* the submitter sleeps on `done` */
    uint32_t done; /* 1: the note is complete */
} wake_note;

/* Submits a task that calls wake_start(note). */
typedef void wake_submit(void *to, wake_note *note);

/* In the task. The submitter may destroy the note once `done` is 1, so its address is only a number
 * to the futex call: a wake-up of memory that is no longer a futex is harmless. */
static inline void wake_start(wake_note *note)
{
    int blocks = note->blocks;
    note->started = peer_now();
    __atomic_store_n(&note->done, 1, __ATOMIC_RELEASE);
    if (blocks)
        syscall(SYS_futex, &note->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void wake_wait(wake_note *note, char way)
{
    while (!__atomic_load_n(&note->done, __ATOMIC_ACQUIRE))
        if (way == 'b')
            syscall(SYS_futex, &note->done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
        else if (way == 'p')
            sched_yield();
}

static inline int wake_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline void wake_measure(const peer_order *order, peer_reply *reply, wake_submit *submit,
                                void *to)
{
    const char way = order->kind[strlen("wake-")];
    const struct timespec gap = {order->steps / 1000000, order->steps % 1000000 * 1000};
    double *us = (double *)peer_memory((size_t)order->count, sizeof *us);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    peer_begin(reply);
    for (long i = 0; i < order->count; i++) {
        wake_note note;
        memset(&note, 0, sizeof note);
        note.blocks = way == 'b';
        nanosleep(&gap, NULL);
        double from = peer_now();
        submit(to, &note);
        wake_wait(&note, way);
        us[i] = (note.started - from) * 1e6;
    }
    peer_end(reply);
    prctl(PR_SET_TIMERSLACK, 0UL, 0, 0, 0); /* the default again: threads inherit it */
    qsort(us, (size_t)order->count, sizeof *us, wake_compare);
    reply->p50 = us[order->count / 2];
    reply->p99 = us[order->count * 99 / 100];
    reply->answer = (uint64_t)order->count;
    free(us);
}

#endif
