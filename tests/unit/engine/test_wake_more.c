/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker that wakes alone and takes two work items wakes another worker for the second: both run at
 * once. */
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { PAIR = 2, TIMES = 50 };

static signpost met;

/* Each waits for the other. */
static void meets(filch_self self, fl_work_item *item)
{
    uint32_t round = (signpost_count(&met) / PAIR + 1) * PAIR;
    signpost_raise(&met);
    signpost_wait(&met, round);
}

/* As if each had just taken one item: the next time it takes two at once. */
static void take_two(filch_runtime *rt)
{
    for (unsigned i = 0; i < PAIR; i++) {
        rt->worker[i]->drained = 1;
        rt->worker[i]->drained_at = fl_now() + 3600 * FILCH_SECOND;
    }
}

Test(wake_more, items_submitted_together_run_concurrently)
{
    static fl_work_item item[PAIR];
    fl_work_item *items[PAIR];
    filch_runtime *rt = runtime_at_rest(PAIR);
    for (unsigned i = 1; i <= TIMES; i++) {
        for (unsigned j = 0; j < PAIR; j++) {
            fl_work_item_be_part(&item[j], meets);
            items[j] = &item[j];
        }
        take_two(rt);
        fl_start_all(rt, items, PAIR);
        signpost_wait(&met, i * PAIR);
        WAIT_WHILE(fl_idle_sleepers(fl_idle_look(&rt->idle)) < PAIR);
    }
    OK(filch_runtime_destroy(rt));
}
