/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counters, a cell for each shard (runtime/metrics/shard.h), and gauges, which are one word: a
 * value that is set cannot be spread. */
#include <filch/metrics.h>

#include <runtime/metrics/shard.h>
#include <runtime/platform/error.h>

#include <errno.h>
#include <stdlib.h>

typedef struct cell {
    filch_u64 tally;
} FILCH_ALIGNED(FILCH_APART) cell;

/* The counter is its cells. */
static cell *cells_of(filch_counter *counter)
{
    return (cell *)counter;
}

int filch_counter_create(filch_counter **out)
{
    if (!out)
        return fl_fail(EINVAL, "filch_counter_create without a place for the counter; give it one");
    void *cells = fl_shards_create(sizeof(cell));
    if (!cells)
        return fl_fail(ENOMEM, "no memory for a counter; free some");
    *out = cells;
    return 0;
}

void filch_counter_destroy(filch_counter *counter)
{
    free(counter);
}

void filch_counter_add(filch_counter *counter, uint64_t n)
{
    unsigned shard = fl_shard();
    fl_shard_add(shard, &cells_of(counter)[shard].tally, n);
}

uint64_t filch_counter_read(const filch_counter *counter)
{
    const cell *cells = (const cell *)counter;
    uint64_t sum = 0;
    for (unsigned i = fl_shards(); i-- > 0;)
        sum += fl_shard_read(&cells[i].tally);
    return sum;
}

void filch_gauge_set(filch_gauge *gauge, int64_t value)
{
    /* relaxed: a number; nothing else depends on it */
    filch_u64_store(&gauge->level, (uint64_t)value, FILCH_RELAXED);
}

void filch_gauge_add(filch_gauge *gauge, int64_t n)
{
    filch_u64_add(&gauge->level, (uint64_t)n, FILCH_RELAXED); /* relaxed: the same */
}

int64_t filch_gauge_read(const filch_gauge *gauge)
{
    return (int64_t)filch_u64_load(&gauge->level, FILCH_RELAXED); /* relaxed: the same */
}
