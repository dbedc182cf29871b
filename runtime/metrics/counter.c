/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counters, a cell for each shard (runtime/metrics/shard.h), and gauges, which are one word: a
 * value that is set cannot be spread. */
#include <filch/metrics.h>

#include <runtime/metrics/shard.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdlib.h>

typedef struct cell {
    filch_u64 tally;
    uint32_t life; /* of the counter, in each cell: an add touches no other */
} FILCH_ALIGNED(FILCH_APART) cell;

/* The counter is its cells. */
static cell *cells_of(filch_counter *counter)
{
    return (cell *)counter;
}

int filch_counter_create(filch_counter **out)
{
    FL_GIVEN(out);
    void *cells = fl_shards_create(sizeof(cell));
    if (!cells)
        return fl_fail(ENOMEM, "no memory for a counter; free some");
    for (unsigned i = fl_shards(); i-- > 0;)
        fl_life_begin(&((cell *)cells)[i].life);
    *out = cells;
    return 0;
}

void filch_counter_destroy(filch_counter *counter)
{
    if (!counter)
        return;
    FL_MUST_LIVE_IN(__func__, "counter", cells_of(counter));
    for (unsigned i = fl_shards(); i-- > 0;)
        fl_life_end(&cells_of(counter)[i].life);
    free(counter);
}

void filch_counter_add(filch_counter *counter, uint64_t n)
{
    FL_MUST_GIVE(counter);
    unsigned shard = fl_shard();
    cell *own = &cells_of(counter)[shard];
    FL_MUST_LIVE_IN(__func__, "counter", own);
    fl_shard_add(shard, &own->tally, n);
}

uint64_t filch_counter_read(const filch_counter *counter)
{
    FL_MUST_GIVE(counter);
    const cell *cells = (const cell *)counter;
    FL_MUST_LIVE_IN(__func__, "counter", cells);
    uint64_t sum = 0;
    for (unsigned i = fl_shards(); i-- > 0;)
        sum += fl_shard_read(&cells[i].tally);
    return sum;
}

void filch_gauge_set(filch_gauge *gauge, int64_t value)
{
    FL_MUST_GIVE(gauge);
    /* relaxed: a number; nothing else depends on it */
    filch_u64_store(&gauge->level, (uint64_t)value, FILCH_RELAXED);
}

void filch_gauge_add(filch_gauge *gauge, int64_t n)
{
    FL_MUST_GIVE(gauge);
    filch_u64_add(&gauge->level, (uint64_t)n, FILCH_RELAXED); /* relaxed: the same */
}

int64_t filch_gauge_read(const filch_gauge *gauge)
{
    FL_MUST_GIVE(gauge);
    return (int64_t)filch_u64_load(&gauge->level, FILCH_RELAXED); /* relaxed: the same */
}
