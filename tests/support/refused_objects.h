/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A table of objects to which the system refuses memory, threads, address space, or the timer thread. Each
 * row is a test of the object's name, in a process of its own. */
#ifndef SUPPORT_REFUSED_OBJECTS_H
#define SUPPORT_REFUSED_OBJECTS_H

#include <filch/filch.h>
#include <tests/support/engine.h>
#include <tests/support/refuse.h>

struct object {
    const char *name;
    int (*make)(void);
    void (*end)(void);
    unsigned requests; /* of memory, at least */
    bool asks_on;      /* after a refusal, before it gives up */
    bool workers_ask;  /* for memory, and do without */
    unsigned kept;     /* blocks that a worker may keep afterwards */
};

extern filch_runtime *objects_rt; /* of the objects */

void refused_in_turn(const struct object *object, enum refusable what, unsigned requests);
/* Before anything has started the timer thread. */
void timer_thread_refused(const struct object *object);
/* `asks`: refused requests for memory; any number where workers ask. */
void used_without(const struct object *object, void (*use)(void), int64_t asks);

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
