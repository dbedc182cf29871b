/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>

enum { PARTIES_MOST = 64 };

typedef struct party {
    party_fn *fn;
    void *arg;
    unsigned index;
    filch_waitgroup *all;
    pthread_t thread;
} party;

static void party_as_task(filch_self self, void *arg)
{
    party *one = arg;
    one->fn(self, one->arg, one->index);
    filch_waitgroup_done(one->all);
}

static void *party_as_thread(void *arg)
{
    party *one = arg;
    one->fn(NULL, one->arg, one->index);
    filch_waitgroup_done(one->all);
    return NULL;
}

void parties_meet(filch_runtime *rt, unsigned tasks, unsigned threads, party_fn *fn, void *arg)
{
    party parties[PARTIES_MOST];
    filch_waitgroup all = {0};
    filch_waitgroup_add(&all, tasks + threads);
    for (unsigned i = 0; i < tasks + threads; i++) {
        parties[i] = (party){.fn = fn, .arg = arg, .index = i, .all = &all};
        if (i < tasks ? filch_go(rt, party_as_task, &parties[i])
                      : pthread_create(&parties[i].thread, NULL, party_as_thread, &parties[i]))
            filch_die("party %u of %u could not be started", i, tasks + threads);
    }
    filch_waitgroup_wait(&all);
    for (unsigned i = tasks; i < tasks + threads; i++)
        pthread_join(parties[i].thread, NULL);
}

void parties_meet_everywhere(unsigned tasks, unsigned threads, party_fn *fn, void *arg)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i, 1000000);
        parties_meet(rt, tasks, threads, fn, arg);
        if (filch_runtime_destroy(rt))
            filch_die("%s", filch_error());
    }
}

void party_gives_way(filch_self self)
{
    if (self)
        filch_yield(self);
    else
        sched_yield();
}

int64_t party_deadline(uint64_t random)
{
    if (random % 4 == 0)
        return FILCH_FOREVER;
    return random % 4 == 1 ? 0 : filch_in((int64_t)(random / 4 % 100) * FILCH_MICROSECOND);
}
