/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that serve the library itself, and take no part in the runtime's protocols
 * (runtime/platform/thread.h): signals are for others. */
#ifndef FL_OWN_THREAD_H
#define FL_OWN_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Blocks all signals of the calling thread, and so of the threads that it starts. */
static inline void fl_signals_block(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

static inline void fl_signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Starts a thread with all signals blocked. Returns 0 or a positive errno. */
static inline int fl_own_thread_start(pthread_t *out, void *(*run)(void *arg), void *arg)
{
    sigset_t before;
    fl_signals_block(&before);
    int rc = pthread_create(out, NULL, run, arg);
    fl_signals_restore(&before);
    return rc;
}

#endif
