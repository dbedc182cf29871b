/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>

const char *crew_open(crew *all, unsigned config)
{
    *all = (crew){.rt = config_runtime(config, 100000)};
    return config_name(config);
}

static void *crew_as_thread(void *arg)
{
    crew_member *one = arg;
    one->fn(one->arg);
    signpost_raise(&one->all->ended);
    return NULL;
}

static void crew_as_task(filch_self self, void *arg)
{
    crew_as_thread(arg);
}

void crew_start(crew *all, enum crew_kind kind, crew_fn *fn, void *arg)
{
    crew_member *one = &all->member[all->count];
    *one = (crew_member){.all = all, .fn = fn, .arg = arg};
    if (kind == CREW_TASK
            ? filch_go(all->rt, crew_as_task, one) != 0
            : pthread_create(&all->thread[all->threads++], NULL, crew_as_thread, one) != 0)
        filch_die("cannot start a member: %s", filch_error());
    all->count++;
}

void crew_wait(crew *all)
{
    signpost_wait(&all->ended, all->count);
    for (unsigned i = 0; i < all->threads; i++)
        pthread_join(all->thread[i], NULL);
    all->count = all->threads = 0;
    all->ended = (signpost){0};
}

void crew_close(crew *all)
{
    crew_wait(all);
    if (filch_runtime_destroy(all->rt))
        filch_die("%s", filch_error());
}

void crew_everywhere(crew_test *test)
{
    for (unsigned config = 0; config < CONFIGS; config++) {
        static crew all;
        const char *name = crew_open(&all, config);
        for (enum crew_kind kind = CREW_TASK; kind < CREW_KINDS; kind++)
            test(&all, kind, name);
        crew_close(&all);
    }
}
