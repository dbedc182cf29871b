/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/share.h>

#include <runtime/engine/share.h>
#include <runtime/pool/pool.h>

#include <string.h>

static void read_numbers(const void *pool, uint64_t numbers[FL_SHARE_POOL_NUMBERS])
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    const uint64_t read[FL_SHARE_POOL_NUMBERS] = {
        [FL_SHARE_POOL_accepted] = stats.accepted,
        [FL_SHARE_POOL_refused] = stats.refused,
        [FL_SHARE_POOL_waiting] = stats.waiting,
        [FL_SHARE_POOL_delayed] = stats.delayed,
        [FL_SHARE_POOL_running] = stats.running,
        [FL_SHARE_POOL_width] = stats.width,
        [FL_SHARE_POOL_stuck] = stats.stuck,
        [FL_SHARE_POOL_retries] = stats.retries,
        [FL_SHARE_POOL_succeeded] = stats.outcomes[FILCH_SUCCEEDED],
        [FL_SHARE_POOL_failed] = stats.outcomes[FILCH_FAILED],
        [FL_SHARE_POOL_panicked] = stats.outcomes[FILCH_PANICKED],
        [FL_SHARE_POOL_timed_out] = stats.outcomes[FILCH_TIMED_OUT],
        [FL_SHARE_POOL_cancelled] = stats.outcomes[FILCH_CANCELLED],
        [FL_SHARE_POOL_dropped] = stats.outcomes[FILCH_DROPPED],
        [FL_SHARE_POOL_dead_lettered] = stats.outcomes[FILCH_DEAD_LETTERED],
    };
    memcpy(numbers, read, sizeof read);
}

void fl_pool_share(filch_pool *pool)
{
    pool->shared = (fl_share_pool){.name = pool->config.name, .read = read_numbers, .pool = pool};
    fl_share_enter(pool->rt, &pool->shared);
}
