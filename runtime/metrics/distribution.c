/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Distributions: buckets for each shard (runtime/metrics/counter.h). Unused pages of buckets are not
 * touched: neither by creation (the zeros come from calloc), nor by a snapshot, which reads only up
 * to the greatest value of a shard. */
#include <runtime/metrics/distribution.h>

#include <runtime/metrics/counter.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct shard {
    filch_u64 above; /* as in a snapshot */
    filch_u64 sum;
    filch_u64 counts[FL_BUCKETS];
} FILCH_ALIGNED(FILCH_APART) shard;

struct filch_distribution {
    void *block;   /* as calloc gave it, */
    shard *shards; /* and the address of its first line */
    uint32_t life; /* runtime/platform/given.h */
};

int filch_distribution_create(filch_distribution **out)
{
    FL_GIVEN(out);
    filch_distribution *distribution = malloc(sizeof *distribution);
    void *block = calloc(1, fl_shards() * sizeof(shard) + FILCH_APART);
    if (!distribution || !block) {
        free(distribution);
        free(block);
        return fl_fail(ENOMEM, "no memory for a distribution; free some");
    }
    uintptr_t first = ((uintptr_t)block + FILCH_APART - 1) & ~(uintptr_t)(FILCH_APART - 1);
    *distribution = (filch_distribution){.block = block, .shards = (shard *)first};
    fl_life_begin(&distribution->life);
    *out = distribution;
    return 0;
}

void filch_distribution_destroy(filch_distribution *distribution)
{
    FL_MAY_LIVE(distribution);
    if (!distribution)
        return;
    free(distribution->block);
    fl_life_end(&distribution->life);
    free(distribution);
}

void filch_distribution_record(filch_distribution *distribution, int64_t value)
{
    FL_MUST_LIVE(distribution);
    uint64_t positive = value > 0 ? (uint64_t)value : 0;
    unsigned here = fl_shard();
    shard *to = &distribution->shards[here];
    fl_shard_raise(&to->above, positive + 1);
    fl_shard_add(here, &to->sum, positive);
    fl_shard_add(here, &to->counts[fl_bucket_of(positive)], 1);
}

static void add_shard(filch_snapshot *snapshot, const shard *from)
{
    uint64_t above = fl_shard_read(&from->above);
    if (!above)
        return;
    snapshot->above = snapshot->above > above ? snapshot->above : above;
    snapshot->sum += fl_shard_read(&from->sum);
    for (unsigned last = fl_bucket_of(above - 1), i = 0; i <= last; i++) {
        uint64_t count = fl_shard_read(&from->counts[i]);
        snapshot->counts[i] += count;
        snapshot->count += count;
    }
}

void filch_snapshot_add(filch_snapshot *snapshot, const filch_distribution *distribution)
{
    FL_MUST_LIVE(snapshot);
    FL_MUST_LIVE(distribution);
    for (unsigned i = fl_shards(); i-- > 0;)
        add_shard(snapshot, &distribution->shards[i]);
}

/* ---- Snapshots ---- */

/* Snapshots: plain numbers of one thread. `count` is the sum of the buckets, so shares add up even
 * if values were recorded while they were read. */

int filch_snapshot_create(filch_snapshot **out)
{
    FL_GIVEN(out);
    filch_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return fl_fail(ENOMEM, "no memory for a snapshot; free some");
    fl_life_begin(&snapshot->life);
    *out = snapshot;
    return 0;
}

void filch_snapshot_destroy(filch_snapshot *snapshot)
{
    FL_MAY_LIVE(snapshot);
    if (!snapshot)
        return;
    fl_life_end(&snapshot->life);
    free(snapshot);
}

void filch_snapshot_clear(filch_snapshot *snapshot)
{
    FL_MUST_LIVE(snapshot);
    memset(snapshot, 0, sizeof *snapshot);
    fl_life_begin(&snapshot->life);
}

void filch_snapshot_merge(filch_snapshot *snapshot, const filch_snapshot *other)
{
    FL_MUST_LIVE(snapshot);
    FL_MUST_LIVE(other);
    snapshot->count += other->count;
    snapshot->sum += other->sum;
    snapshot->above = snapshot->above > other->above ? snapshot->above : other->above;
    for (unsigned i = 0; i < FL_BUCKETS; i++)
        snapshot->counts[i] += other->counts[i];
}

void filch_snapshot_subtract(filch_snapshot *snapshot, const filch_snapshot *earlier)
{
    FL_MUST_LIVE(snapshot);
    FL_MUST_LIVE(earlier);
    uint64_t above = 0;
    snapshot->count = 0;
    snapshot->sum -= earlier->sum;
    for (unsigned i = 0; i < FL_BUCKETS; i++) {
        uint64_t *count = &snapshot->counts[i];
        *count -= *count < earlier->counts[i] ? *count : earlier->counts[i];
        snapshot->count += *count;
        if (*count)
            above = fl_bucket_middle(i) + 1;
    }
    if (above < snapshot->above) /* nothing is above what the later one has seen */
        snapshot->above = above;
}

filch_snapshot_values filch_snapshot_read(const filch_snapshot *snapshot)
{
    FL_MUST_LIVE(snapshot);
    return (filch_snapshot_values){.count = snapshot->count,
                                   .sum = snapshot->sum,
                                   .max = snapshot->above ? (int64_t)(snapshot->above - 1) : 0};
}

/* The number of values at or below the quantile: the share, rounded up, less the rounding error of
 * the product itself. */
static uint64_t rank_of(uint64_t count, double q)
{
    double share = q > 0 ? q * (double)count * (1 - 0x1p-50) : 0;
    uint64_t rank = q >= 1 ? count : (uint64_t)share;
    return rank < count && share > (double)rank ? rank + 1 : rank;
}

int64_t filch_snapshot_quantile(const filch_snapshot *snapshot, double q)
{
    FL_MUST_LIVE(snapshot);
    uint64_t rank = rank_of(snapshot->count, q), sum = 0;
    int64_t max = filch_snapshot_read(snapshot).max;
    if (rank >= snapshot->count)
        return max;
    unsigned i = 0;
    while (i < FL_BUCKETS - 1 && (sum += snapshot->counts[i]) < (rank ? rank : 1))
        i++;
    int64_t middle = (int64_t)fl_bucket_middle(i);
    return middle < max ? middle : max;
}
