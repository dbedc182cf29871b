/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Distributions: buckets for each shard (runtime/metrics/shard.h). Unused pages of buckets are not
 * touched: neither by creation (the zeros come from calloc), nor by a snapshot, which reads only up
 * to the greatest value of a shard. */
#include <runtime/metrics/distribution.h>

#include <runtime/metrics/shard.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdlib.h>

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
