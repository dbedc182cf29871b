/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tells address sanitizer, thread sanitizer and valgrind of stacks and switches, and thread
 * sanitizer of the order that uninstrumented liburcu makes.
 *
 * A program built with address sanitizer may use an ordinary build of the library. Its frames lie
 * on the library's stacks; switches and panics leave them, and the sanitizer later reports those
 * that it does not know of as errors. So its functions are weak references in every build, NULL
 * without that sanitizer. Thread sanitizer must see the library's own atomic operations, so
 * filch_runtime_create refuses such a mix (fl_tsan_elsewhere). */
#ifndef FL_SANITIZER_H
#define FL_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

/* As <sanitizer/asan_interface.h> and <sanitizer/common_interface_defs.h> have them. */
__attribute__((weak)) void __asan_unpoison_memory_region(const void *low, size_t size);
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **save, const void *low,
                                                          size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *save, const void **low,
                                                           size_t *size);
#ifdef FILCH_TSAN
#include <sanitizer/tsan_interface.h>
#else
__attribute__((weak)) void *__tsan_get_current_fiber(void);
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define FL_VALGRIND 1
#endif
#endif

/* Is the program built with thread sanitizer, and the library without? The symbol is of its
 * run-time: the model checker, which stands in for that, has the compiler's hooks only. */
static inline bool fl_tsan_elsewhere(void)
{
#ifdef FILCH_TSAN
    return false;
#else
    return __tsan_get_current_fiber;
#endif
}

/* The sanitizers' state of a stack. low and size: the C stack, empty for a thread's own until it
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

/* The frames on this stack never return: forgets them. */
static inline void fl_shadow_forget(fl_shadow *shadow)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(shadow->low, shadow->size);
    shadow->fake = NULL;
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
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#ifdef FILCH_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* First thing after a switch, on the stack that was entered; `from` is the one that was left. */
static inline void fl_shadow_enter(fl_shadow *here, fl_shadow *from)
{
    if (!__sanitizer_finish_switch_fiber)
        return;
    const void *low;
    size_t size;
    __sanitizer_finish_switch_fiber(here->fake, &low, &size);
    if (!from->size) { /* a thread's own stack, left for the first time */
        from->low = low;
        from->size = size;
    }
}

/* Happens-before through liburcu: release before handing `object` over, acquire after taking it. */
static inline void fl_tsan_release(void *object)
{
    (void)object;
#ifdef FILCH_TSAN
    __tsan_release(object);
#endif
}

static inline void fl_tsan_acquire(void *object)
{
    (void)object;
#ifdef FILCH_TSAN
    __tsan_acquire(object);
#endif
}

#endif
