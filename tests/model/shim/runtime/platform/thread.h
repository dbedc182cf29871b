/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads of a model: tests/model/system/process.c starts them. */
#ifndef FL_THREAD_H
#define FL_THREAD_H

#include <pthread.h>
#include <stddef.h>

typedef struct fl_thread {
    pthread_t id;
} fl_thread;

static inline int fl_thread_start(fl_thread *out, const pthread_attr_t *attributes,
                                  void *(*run)(void *arg), void *arg)
{
    return pthread_create(&out->id, attributes, run, arg);
}

static inline int fl_thread_start_silent(fl_thread *out, void *(*run)(void *arg), void *arg)
{
    return fl_thread_start(out, NULL, run, arg);
}

static inline void fl_thread_join(fl_thread *thread)
{
    pthread_join(thread->id, NULL);
}

#endif
