/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tells address sanitizer, thread sanitizer and valgrind of stacks and switches, and thread
 * sanitizer of the order that uninstrumented liburcu makes. Everything here is empty in an ordinary
 * build, but for valgrind's no-ops where its header was found. */
#ifndef FL_SANITIZER_H
#define FL_SANITIZER_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define FL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FL_ASAN 1
#endif
#endif

#ifdef FL_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FILCH_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define FL_VALGRIND 1
#endif
#endif

/* What the sanitizers keep per stack. low and size: the C stack, empty for a thread's own until it
 * is first left. */
typedef struct fl_shadow {
    const void *low;
    size_t size;
    void *fake;  /* ASan */
    void *fiber; /* TSan */
    unsigned id; /* valgrind */
} fl_shadow;

static inline void fl_shadow_create(fl_shadow *shadow, const void *low, size_t size)
{
    shadow->low = low;
    shadow->size = size;
#ifdef FILCH_TSAN
    shadow->fiber = __tsan_create_fiber(0);
#endif
#ifdef FL_VALGRIND
    shadow->id = VALGRIND_STACK_REGISTER(low, (const char *)low + size);
#endif
}

static inline void fl_shadow_adopt_thread(fl_shadow *shadow)
{
    (void)shadow;
#ifdef FILCH_TSAN
    shadow->fiber = __tsan_get_current_fiber();
#endif
}

/* The frames on this stack never return: nothing of them is left. */
static inline void fl_shadow_forget(fl_shadow *shadow)
{
    (void)shadow;
#ifdef FL_ASAN
    __asan_unpoison_memory_region(shadow->low, shadow->size);
    shadow->fake = NULL;
#endif
#ifdef FILCH_TSAN
    __tsan_destroy_fiber(shadow->fiber);
    shadow->fiber = NULL;
#endif
}

/* The same, and the stack is entered anew. */
static inline void fl_shadow_restart(fl_shadow *shadow)
{
    fl_shadow_forget(shadow);
#ifdef FILCH_TSAN
    shadow->fiber = __tsan_create_fiber(0);
#endif
}

static inline void fl_shadow_destroy(fl_shadow *shadow)
{
    fl_shadow_forget(shadow);
#ifdef FL_VALGRIND
    VALGRIND_STACK_DEREGISTER(shadow->id);
#endif
}

/* Just before a switch, on the stack that is left. */
static inline void fl_shadow_leave(fl_shadow *from, fl_shadow *to)
{
    (void)from;
    (void)to;
#ifdef FL_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#endif
#ifdef FILCH_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* First thing after a switch, on the stack that was entered; `from` is the one that was left. */
static inline void fl_shadow_enter(fl_shadow *here, fl_shadow *from)
{
    (void)here;
    (void)from;
#ifdef FL_ASAN
    const void *low;
    size_t size;
    __sanitizer_finish_switch_fiber(here->fake, &low, &size);
    if (!from->size) { /* a thread's own stack, left for the first time */
        from->low = low;
        from->size = size;
    }
#endif
}

/* Happens-before through liburcu: release before handing `object` over, acquire after taking it. */
static inline void fl_order_release(void *object)
{
    (void)object;
#ifdef FILCH_TSAN
    __tsan_release(object);
#endif
}

static inline void fl_order_acquire(void *object)
{
    (void)object;
#ifdef FILCH_TSAN
    __tsan_acquire(object);
#endif
}

#endif
