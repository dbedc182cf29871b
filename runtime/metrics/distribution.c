/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Distributions: buckets for each lane (runtime/metrics/lane.h). Pages of buckets in which nobody
 * counts are not touched: not by their creation (the zeros come from calloc), nor by a snapshot,
 * which reads as far as the greatest value of a lane. */
#include <runtime/metrics/distribution.h>

#include <runtime/core/error.h>
#include <runtime/metrics/lane.h>

#include <errno.h>
#include <stdlib.h>

typedef struct lane {
    filch_u64 above; /* as in a snapshot */
    filch_u64 sum;
    filch_u64 counts[FL_BUCKETS];
} FILCH_ALIGNED(FILCH_APART) lane;

struct filch_distribution {
    void *block; /* as calloc gave it, */
    lane *lanes; /* and where the first line of it begins */
};

int filch_distribution_create(filch_distribution **out)
{
    if (!out)
        return fl_fail(EINVAL,
                       "filch_distribution_create without a place for the distribution; give it "
                       "one");
    filch_distribution *distribution = malloc(sizeof *distribution);
    void *block = calloc(1, fl_lanes() * sizeof(lane) + FILCH_APART);
    if (!distribution || !block) {
        free(distribution);
        free(block);
        return fl_fail(ENOMEM, "no memory for a distribution; free some");
    }
    uintptr_t first = ((uintptr_t)block + FILCH_APART - 1) & ~(uintptr_t)(FILCH_APART - 1);
    *distribution = (filch_distribution){block, (lane *)first};
    *out = distribution;
    return 0;
}

void filch_distribution_destroy(filch_distribution *distribution)
{
    if (!distribution)
        return;
    free(distribution->block);
    free(distribution);
}

void filch_distribution_record(filch_distribution *distribution, int64_t value)
{
    uint64_t positive = value > 0 ? (uint64_t)value : 0;
    unsigned here = fl_lane();
    lane *to = &distribution->lanes[here];
    fl_lane_raise(&to->above, positive + 1);
    fl_lane_add(here, &to->sum, positive);
    fl_lane_add(here, &to->counts[fl_bucket_of(positive)], 1);
}

static void add_lane(filch_snapshot *snapshot, const lane *from)
{
    uint64_t above = fl_lane_read(&from->above);
    if (!above)
        return;
    snapshot->above = snapshot->above > above ? snapshot->above : above;
    snapshot->sum += fl_lane_read(&from->sum);
    for (unsigned last = fl_bucket_of(above - 1), i = 0; i <= last; i++) {
        uint64_t count = fl_lane_read(&from->counts[i]);
        snapshot->counts[i] += count;
        snapshot->count += count;
    }
}

void filch_snapshot_add(filch_snapshot *snapshot, const filch_distribution *distribution)
{
    for (unsigned i = fl_lanes(); i-- > 0;)
        add_lane(snapshot, &distribution->lanes[i]);
}
