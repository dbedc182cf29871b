/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ours.h"

#include "submit.h"
#include "wake.h"

/* ---- Wake-ups ---- */

static void start(filch_self self, void *note)
{
    wake_start(note);
}

static void submit_note(void *rt, wake_note *note)
{
    ours_check(filch_go(rt, start, note));
}

void ours_wake(const peer_order *order, peer_reply *reply)
{
    wake_measure(order, reply, submit_note, ours_runtime(order->workers));
}

/* ---- Jobs ---- */

enum { HANDLES = 1024 };

static int nothing(filch_self self, filch_job *job, void *data)
{
    return 0;
}

static void burst(void *pool, long count)
{
    for (long i = 0; i < count; i++)
        ours_check(FILCH_SUBMIT(pool, nothing, NULL));
}

static void burst_of_levels(void *pool, long count)
{
    for (long i = 0; i < count; i++)
        ours_check(
            FILCH_SUBMIT_AS(pool, nothing, NULL, .priority = (unsigned)i % FILCH_PRIORITIES));
}

static void burst_with_timeout(void *pool, long count)
{
    for (long i = 0; i < count; i++)
        ours_check(FILCH_SUBMIT_AS(pool, nothing, NULL, .timeout = 60 * FILCH_SECOND));
}

/* Each job's handle is waited for while so many others are under way. */
static void burst_of_handles(void *pool, long count, int64_t timeout, unsigned levels)
{
    filch_job *under_way[HANDLES] = {0};
    for (long i = 0; i < count + HANDLES; i++) {
        filch_job **at = &under_way[i % HANDLES];
        if (*at) {
            ours_check(filch_job_wait(*at, FILCH_FOREVER));
            filch_job_release(*at);
        }
        *at = NULL;
        const filch_job_options options = {.timeout = timeout, .priority = (unsigned)i % levels};
        if (i < count)
            ours_check(filch_pool_submit(at, pool, nothing, NULL, &options, FILCH_FOREVER));
    }
}

static void burst_with_handle(void *pool, long count)
{
    burst_of_handles(pool, count, 0, 1);
}

static void burst_with_all(void *pool, long count)
{
    burst_of_handles(pool, count, 60 * FILCH_SECOND, FILCH_PRIORITIES);
}

static uint64_t wait_for_all(void *pool)
{
    ours_check(filch_pool_wait(pool, FILCH_FOREVER));
    return ours_stats(pool).outcomes[FILCH_SUCCEEDED];
}

static const struct {
    const char *kind;
    filch_pool_order order;
    submit_side side;
} sides[] = {
    {"jobs-direct", FILCH_ANY, {burst, wait_for_all}},
    {"jobs-queued", FILCH_ANY, {burst, wait_for_all}},
    {"jobs-fifo", FILCH_FIFO, {burst, wait_for_all}},
    {"jobs-priority", FILCH_PRIORITY, {burst_of_levels, wait_for_all}},
    {"jobs-timeout", FILCH_ANY, {burst_with_timeout, wait_for_all}},
    {"jobs-handle", FILCH_ANY, {burst_with_handle, wait_for_all}},
    {"jobs-all", FILCH_PRIORITY, {burst_with_all, wait_for_all}},
};

void ours_jobs(const peer_order *order, peer_reply *reply)
{
    size_t which = 0;
    while (strcmp(sides[which].kind, order->kind) != 0)
        which++;
    filch_pool *pool;
    filch_pool_config config = {.size = sizeof config,
                                .runtime = ours_runtime(order->workers),
                                .order = sides[which].order,
                                .capacity = FILCH_UNLIMITED};
    if (which > 0) {
        config.width = (unsigned)order->width;
        config.capacity = (size_t)order->room;
    }
    ours_check(filch_pool_create(&pool, &config));
    submit_measure(order, reply, &sides[which].side, pool);
    ours_check(filch_pool_destroy(pool));
}
