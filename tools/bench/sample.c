/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"

#define FIELD(name)                                                                                \
    {                                                                                              \
#name, offsetof(sample, name)                                                              \
    }

const sample_field sample_fields[] = {
    FIELD(runs),
    FIELD(seconds),
    FIELD(cpu_seconds),
    FIELD(tasks),
    FIELD(steals),
    FIELD(gifts),
    FIELD(gift_tasks),
    FIELD(robs),
    FIELD(deque_steals),
    FIELD(queue_takes),
    FIELD(asks),
    FIELD(heavy_fences),
    FIELD(wakes),
    FIELD(parks),
    FIELD(switches),
    FIELD(migrations),
    FIELD(voluntary_switches),
    FIELD(involuntary_switches),
    FIELD(other_share),
    FIELD(stolen_share),
    FIELD(quota_share),
    FIELD(throttle_events),
    FIELD(unpinned),
    FIELD(pulse),
};
const size_t sample_field_count = sizeof sample_fields / sizeof sample_fields[0];

_Static_assert(sizeof sample_fields / sizeof sample_fields[0] == sizeof(sample) / sizeof(double),
               "a number of the sample has no name");
