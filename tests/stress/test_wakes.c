/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleepers of a large machine are woken as a tree: finders wake several at once (fl_idle_claim_more).
 * The runtime believes that it has a CPU for each worker. Tasks of a round hold their workers until
 * as many tasks run as there are workers, so a wake-up that is lost stops the round forever. */
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

typedef struct meeting {
    filch_runtime *rt;
    unsigned workers;
    filch_u32 here, gone;
} meeting;

static void pass_time(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

/* Blocks its worker, not only its task. */
static void meets(filch_self self, void *arg)
{
    meeting *m = arg;
    filch_u32_add(&m->here, 1, FILCH_ACQ_REL);
    while (filch_u32_load(&m->here, FILCH_ACQUIRE) < m->workers)
        pass_time();
    filch_u32_add(&m->gone, 1, FILCH_ACQ_REL);
}

FILCH_VOID_TASK(invites, (meeting *, m))
{
    for (unsigned i = 1; i < m->workers; i++)
        OK(filch_go(m->rt, meets, m));
    meets(self, m);
}

static void invite_from_outside(meeting *m)
{
    for (unsigned i = 0; i < m->workers; i++)
        OK(filch_go(m->rt, meets, m));
}

static void meet(meeting *m, bool is_outside)
{
    filch_u32_store(&m->here, 0, FILCH_RELAXED);
    filch_u32_store(&m->gone, 0, FILCH_RELAXED);
    if (is_outside)
        invite_from_outside(m);
    else
        FILCH_RUN(m->rt, invites, m);
    while (filch_u32_load(&m->gone, FILCH_ACQUIRE) < m->workers)
        pass_time();
}

static void meet_often(unsigned workers, unsigned rounds)
{
    meeting m = {.workers = workers};
    OK(filch_runtime_create(&m.rt,
                            &(filch_config){.size = sizeof(filch_config), .workers = workers}));
    believe_in_cpus(m.rt, workers);
    for (unsigned i = 0; i < rounds; i++) {
        meet(&m, i % 2);
        if (i % 4 == 0) /* some rounds begin with all asleep, others find workers on their way */
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    filch_runtime_stats stats;
    filch_runtime_stats_read(m.rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_assert_gt(stats.wakes, 0, "nobody was woken");
    OK(filch_runtime_destroy(m.rt));
}

Test(wakes, every_worker_gets_own_task)
{
    meet_often(8, stress_times(200));
}

Test(wakes, so_do_sixty_four)
{
    meet_often(64, stress_times(40));
}
