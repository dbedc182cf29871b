/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that take part in the runtime's protocols: workers, the timer thread, threads of blocking
 * calls. Under FILCH_VIRTUAL each of them is a virtual thread (runtime/platform/virtual/virtual.h); else
 * these are the functions of POSIX threads. */
#ifndef FL_THREAD_H
#define FL_THREAD_H

#include <pthread.h>

typedef struct fl_thread {
    pthread_t id;
    struct fl_virtual_thread *as_virtual; /* NULL: it is none */
} fl_thread;

/* Starts run(arg). attributes: may be NULL. Returns 0 or a positive errno. */
int fl_thread_start(fl_thread *out, const pthread_attr_t *attributes, void *(*run)(void *arg),
                    void *arg);
/* The same, with all signals blocked: for threads that serve the library itself. */
int fl_thread_start_silent(fl_thread *out, void *(*run)(void *arg), void *arg);
/* Waits until it has ended. */
void fl_thread_join(fl_thread *thread);

#endif
