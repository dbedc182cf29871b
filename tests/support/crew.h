/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The members of a test of waiting: each runs a function, as a task of a runtime or as a thread of
 * its own. Results go into memory of the test, which asserts when all have ended: members do not
 * assert. */
#ifndef SUPPORT_CREW_H
#define SUPPORT_CREW_H

#include <pthread.h>
#include <tests/support/configs.h>
#include <tests/support/signpost.h>
#include <tests/support/stress.h>

enum { CREW_MOST = 64 };
enum crew_kind { CREW_TASK, CREW_THREAD, CREW_KINDS };

typedef void crew_fn(void *arg);

typedef struct crew_member {
    struct crew *all;
    crew_fn *fn;
    void *arg;
} crew_member;

typedef struct crew {
    filch_runtime *rt;
    unsigned count, threads;
    signpost ended;
    crew_member member[CREW_MOST];
    pthread_t thread[CREW_MOST]; /* the first `threads` of them */
} crew;

/* config: 0 .. CONFIGS - 1. Returns its name. */
static inline const char *crew_open(crew *all, unsigned config)
{
    *all = (crew){.rt = config_runtime(config, 100000)};
    return config_name(config);
}

static inline void *crew_as_thread(void *arg)
{
    crew_member *one = arg;
    one->fn(one->arg);
    signpost_raise(&one->all->ended);
    return NULL;
}

static inline void crew_as_task(filch_self self, void *arg)
{
    crew_as_thread(arg);
}

static inline void crew_start(crew *all, enum crew_kind kind, crew_fn *fn, void *arg)
{
    crew_member *one = &all->member[all->count];
    *one = (crew_member){.all = all, .fn = fn, .arg = arg};
    if (kind == CREW_TASK
            ? filch_go(all->rt, crew_as_task, one) != 0
            : pthread_create(&all->thread[all->threads++], NULL, crew_as_thread, one) != 0)
        filch_die("cannot start a member: %s", filch_error());
    all->count++;
}

/* Returns when all have ended; new ones may be started then. */
static inline void crew_wait(crew *all)
{
    signpost_wait(&all->ended, all->count);
    for (unsigned i = 0; i < all->threads; i++)
        pthread_join(all->thread[i], NULL);
    all->count = all->threads = 0;
    all->ended = (signpost){0};
}

static inline void crew_close(crew *all)
{
    crew_wait(all);
    if (filch_runtime_destroy(all->rt))
        filch_die("%s", filch_error());
}

/* On each runtime, with members of both kinds. */
typedef void crew_test(crew *all, enum crew_kind kind, const char *name);

static inline void crew_everywhere(crew_test *test)
{
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (enum crew_kind kind = CREW_TASK; kind < CREW_KINDS; kind++)
            test(&all, kind, name);
        crew_close(&all);
    }
}

#endif
