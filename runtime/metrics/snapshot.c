/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Snapshots: plain numbers of one thread. `count` is the sum of the buckets, so shares add up even
 * if values were recorded while they were read. */
#include <runtime/metrics/distribution.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

uint64_t filch_snapshot_count(const filch_snapshot *snapshot)
{
    FL_MUST_LIVE(snapshot);
    return snapshot->count;
}

uint64_t filch_snapshot_sum(const filch_snapshot *snapshot)
{
    FL_MUST_LIVE(snapshot);
    return snapshot->sum;
}

int64_t filch_snapshot_max(const filch_snapshot *snapshot)
{
    FL_MUST_LIVE(snapshot);
    return snapshot->above ? (int64_t)(snapshot->above - 1) : 0;
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
    int64_t max = filch_snapshot_max(snapshot);
    if (rank >= snapshot->count)
        return max;
    unsigned i = 0;
    while (i < FL_BUCKETS - 1 && (sum += snapshot->counts[i]) < (rank ? rank : 1))
        i++;
    int64_t middle = (int64_t)fl_bucket_middle(i);
    return middle < max ? middle : max;
}
