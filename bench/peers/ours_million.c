/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kind "million", after chapter 10 of the guide: of 1,000 jobs one panics, eleven fail, and
 * each sixteenth of the others waits for a millisecond. The source is a task; it adapts the width
 * to the waiting jobs, once for each ROOM jobs. Without the chapter's rate limit, which would
 * decide the time, and without further attempts. */
#include "ours.h"

#include <errno.h>

enum { LEAST_WIDE = 4 };

static int work(filch_self self, filch_job *job, void *data)
{
    const int kind = (int)((intptr_t)data % 1000);
    if (kind == 1)
        FILCH_PANIC(-EIO, "one in a thousand");
    if (kind && kind < 12)
        return -EINVAL;
    return kind % 16 ? 0 : filch_sleep(FILCH_MILLISECOND);
}

static void steer(filch_pool *pool, unsigned most)
{
    const filch_pool_stats now = ours_stats(pool);
    unsigned width = (unsigned)now.width;
    if (now.waiting > width && width < most)
        width *= 2;
    else if (now.waiting == 0 && now.running <= width / 2 && width > LEAST_WIDE)
        width /= 2;
    if (width != now.width)
        ours_check(filch_pool_resize(pool, width));
}

FILCH_VOID_TASK(supply, (filch_pool *, pool), (const peer_order *, order))
{
    for (long i = 0; i < order->count; i++) {
        if (i % order->room == order->room - 1)
            steer(pool, (unsigned)order->width);
        ours_check(FILCH_SUBMIT(pool, work, (void *)(intptr_t)i));
    }
}

void ours_million(const peer_order *order, peer_reply *reply)
{
    filch_pool *pool;
    filch_runtime *rt = ours_runtime(order->workers);
    ours_check(filch_pool_create(&pool, &(filch_pool_config){.size = sizeof(filch_pool_config),
                                                             .runtime = rt,
                                                             .order = FILCH_FIFO,
                                                             .width = LEAST_WIDE,
                                                             .capacity = (size_t)order->room}));
    peer_begin(reply);
    FILCH_RUN(rt, supply, pool, order);
    ours_check(filch_pool_wait(pool, FILCH_FOREVER));
    peer_end(reply);
    const filch_pool_stats all = ours_stats(pool);
    reply->answer = all.outcomes[FILCH_SUCCEEDED] + (all.outcomes[FILCH_FAILED] << 24) +
                    (all.outcomes[FILCH_PANICKED] << 48);
    ours_check(filch_pool_destroy(pool));
}
