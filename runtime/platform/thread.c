/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/thread.h>

#include <runtime/platform/own_thread.h>
#include <runtime/platform/virtual/virtual.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

struct start {
    void *(*run)(void *arg);
    void *arg;
    fl_virtual_thread *as;
};

static void *run_virtual(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    fl_virtual_enter(start.as);
    void *result = start.run(start.arg);
    fl_virtual_leave();
    return result;
}

static int start_virtual(fl_thread *out, const pthread_attr_t *attributes, bool serves,
                         void *(*run)(void *arg), void *arg)
{
    struct start *start = malloc(sizeof *start);
    out->as_virtual = start ? fl_virtual_create(serves) : NULL;
    if (!out->as_virtual) {
        free(start);
        return EAGAIN;
    }
    *start = (struct start){run, arg, out->as_virtual};
    int rc = pthread_create(&out->id, attributes, run_virtual, start);
    if (rc) {
        fl_virtual_forget(out->as_virtual);
        free(start);
    }
    return rc;
}

static int start_as(fl_thread *out, const pthread_attr_t *attributes, bool serves,
                    void *(*run)(void *arg), void *arg)
{
    if (fl_virtual())
        return start_virtual(out, attributes, serves, run, arg);
    out->as_virtual = NULL;
    return pthread_create(&out->id, attributes, run, arg);
}

int fl_thread_start(fl_thread *out, const pthread_attr_t *attributes, void *(*run)(void *arg),
                    void *arg)
{
    return start_as(out, attributes, false, run, arg);
}

int fl_thread_start_silent(fl_thread *out, void *(*run)(void *arg), void *arg)
{
    sigset_t before;
    fl_signals_block(&before);
    int rc = start_as(out, NULL, true, run, arg);
    fl_signals_restore(&before);
    return rc;
}

void fl_thread_join(fl_thread *thread)
{
    if (thread->as_virtual)
        fl_virtual_join(thread->as_virtual);
    pthread_join(thread->id, NULL);
    if (thread->as_virtual)
        fl_virtual_forget(thread->as_virtual);
}
