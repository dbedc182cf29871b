/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/foreign.h>

#include <runtime/platform/atfork.h>

#include <filch/base.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <urcu-bp.h>

/* As <cxxabi.h> has it. */
extern int __cxa_thread_atexit_impl(void (*fn)(void *), void *arg, void *dso) __attribute__((weak));
extern void *__dso_handle;

static __thread struct {
    bool registered;
    enum { LIVES, ENDS, UNREGISTERED } state;
    fl_foreign foreign;
} here;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;
static bool keyed;

static void hold(void *unused)
{
    (void)unused;
    here.state = ENDS;
    fl_fork_hold_to_end();
}

/* The next round of keys comes after liburcu's. */
static void release(void *unused)
{
    (void)unused;
    if (here.state == ENDS && !pthread_setspecific(ending, &here))
        here.state = UNREGISTERED;
    else if (here.state != LIVES)
        fl_fork_release_at_end();
}

static void make_key(void)
{
    keyed = pthread_key_create(&ending, release) == 0;
}

static void guard_end(void)
{
    pthread_once(&once, make_key);
    if (__cxa_thread_atexit_impl && keyed && !pthread_setspecific(ending, &here))
        __cxa_thread_atexit_impl(hold, NULL, &__dso_handle);
}

static void register_reader(void)
{
    fl_fork_hold();
    urcu_bp_read_lock();
    urcu_bp_read_unlock();
    fl_fork_release();
}

/* glibc ends the process if it has no memory for a thread-local destructor. */
static bool has_memory(void)
{
    void *some = malloc(1024);
    free(some);
    return some;
}

static void find_stack(fl_foreign *foreign)
{
    pthread_attr_t attributes;
    void *low;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return;
    if (!pthread_attr_getstack(&attributes, &low, &foreign->size))
        foreign->low = low;
    pthread_attr_destroy(&attributes);
}

/* Without memory it is asked again the next time. */
const fl_foreign *fl_foreign_here(void)
{
    if (FILCH_UNLIKELY(!here.foreign.size) && has_memory()) {
        if (!here.registered) {
            register_reader();
            guard_end();
            here.registered = true;
        }
        find_stack(&here.foreign);
    }
    return &here.foreign;
}
