/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A table of objects to which the system refuses memory, or the timer thread. Each row is a test of
 * the object's name, in a process of its own. */
#ifndef SUPPORT_REFUSED_OBJECTS_H
#define SUPPORT_REFUSED_OBJECTS_H

#include <filch/filch.h>
#include <tests/support/held.h>
#include <tests/support/rest.h>

struct object {
    const char *name;
    int (*make)(void);
    void (*end)(void);
    unsigned requests; /* of memory, at least */
    bool asks_on;      /* after a refusal, before it gives up */
    bool workers_ask;  /* for memory, and do without */
    unsigned kept;     /* blocks that a worker may keep afterwards */
};

enum { OBJECTS_WORKERS = 2 };
static filch_runtime *objects_rt; /* of the objects */

static inline void objects_begin(void)
{
    objects_rt = runtime_at_rest(OBJECTS_WORKERS);
}

static inline void objects_end(void)
{
    OK(filch_runtime_destroy(objects_rt));
}

TestSuite(refused_memory, .init = objects_begin, .fini = objects_end);
TestSuite(refused_space, .init = objects_begin, .fini = objects_end);
TestSuite(refused_threads, .init = objects_begin, .fini = objects_end);
TestSuite(refused_timer_thread, .init = objects_begin, .fini = objects_end);
TestSuite(used_without_memory, .init = objects_begin, .fini = objects_end);

static inline void make_and_end(const struct object *object)
{
    cr_assert_eq(object->make(), 0, "%s: %s", object->name, filch_error());
    object->end();
    runtime_rests(objects_rt, OBJECTS_WORKERS);
}

static inline void have_what_lasts(const struct object *object)
{
    timer_thread_has_begun();
    make_and_end(object);
}

/* The at-th request and later ones are refused: the creation fails, and asks for nothing more. Returns
 * its error; count: how many were refused. */
static inline int refused_at(const struct object *object, enum refusable what, int64_t at,
                             int64_t *count)
{
    refuse(what, at, !object->asks_on);
    int rc = object->make();
    *count = refuse_no_more(what);
    cr_assert(*count == (rc != 0) || (!rc && object->workers_ask), "%s: %d, %ld refused",
              object->name, rc, (long)*count);
    cr_assert(!rc || rc == refusal_error(what), "%s: %d", object->name, rc);
    cr_assert(!rc || strchr(filch_error(), ';'), "%s: what to do? %s", object->name, filch_error());
    if (!rc)
        object->end();
    return rc;
}

static inline void refused_in_turn(const struct object *object, enum refusable what,
                                   unsigned requests)
{
    unsigned failures = 0;
    have_what_lasts(object);
    const holdings before = holdings_now();
    for (int64_t at = 0, count = 1; count; at++) {
        failures += refused_at(object, what, at, &count) != 0;
        expect_held(before, object->kept, object->name);
        make_and_end(object);
    }
    cr_assert_geq(failures, requests, "%s: %u", object->name, failures);
}

/* Before anything has started the timer thread. */
static inline void timer_thread_refused(const struct object *object)
{
    int64_t count;
    cr_assert(refused_at(object, THREADS, 0, &count), "%s", object->name);
    const holdings before = holdings_now();
    cr_assert(refused_at(object, THREADS, 0, &count), "%s", object->name);
    expect_held(before, object->kept, object->name);
    make_and_end(object);
}

/* `asks`: refused requests for memory; any number where workers ask. */
static inline void used_without(const struct object *object, void (*use)(void), int64_t asks)
{
    have_what_lasts(object);
    const holdings before = holdings_now();
    cr_assert_eq(object->make(), 0, "%s", object->name);
    refuse(MEMORY, 0, true);
    use();
    int64_t count = refuse_no_more(MEMORY);
    cr_assert(object->workers_ask || count == asks, "%s: %ld refused", object->name, (long)count);
    object->end();
    expect_held(before, object->kept, object->name);
}

/* make, end: expressions, of which the first sets `name` unless it fails. */
#define OBJECT(type, name, make, end, ...)                                                         \
    static type *name;                                                                             \
    static int make_##name(void)                                                                   \
    {                                                                                              \
        type *untouched = (type *)&refusals;                                                       \
        name = untouched;                                                                          \
        int rc = (make);                                                                           \
        cr_assert((rc == 0) == (name != untouched), #name ": %d", rc);                             \
        return rc;                                                                                 \
    }                                                                                              \
    static void end_##name(void)                                                                   \
    {                                                                                              \
        end;                                                                                       \
    }                                                                                              \
    static const struct object object_##name = {#name, make_##name, end_##name, __VA_ARGS__};      \
    Test(refused_memory, name)                                                                     \
    {                                                                                              \
        refused_in_turn(&object_##name, MEMORY, object_##name.requests);                           \
    }

/* Threads of its own, and address space. */
#define NEEDS_THREADS(name, least)                                                                 \
    Test(refused_threads, name)                                                                    \
    {                                                                                              \
        refused_in_turn(&object_##name, THREADS, least);                                           \
    }

#define NEEDS_SPACE(name, least)                                                                   \
    Test(refused_space, name)                                                                      \
    {                                                                                              \
        refused_in_turn(&object_##name, SPACE, least);                                             \
    }

#define NEEDS_THE_TIMER_THREAD(name)                                                               \
    Test(refused_timer_thread, name)                                                               \
    {                                                                                              \
        timer_thread_refused(&object_##name);                                                      \
    }

/* Its use follows. */
#define USED_WITHOUT_MEMORY(name, asks)                                                            \
    static void use_##name(void);                                                                  \
    Test(used_without_memory, name)                                                                \
    {                                                                                              \
        used_without(&object_##name, use_##name, asks);                                            \
    }                                                                                              \
    static void use_##name(void)

#endif
