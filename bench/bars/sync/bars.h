/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The measured functions of this folder; bars.c has the table. */
#ifndef BARS_SYNC_BARS_H
#define BARS_SYNC_BARS_H

#include "../bar.h"
#include "../runtimes.h"

/* The context of a figure's function, which returns the seconds of one operation. */
typedef struct plan {
    filch_runtime *rt; /* NULL: none is needed */
    size_t room;       /* of a channel */
    long count;        /* operations */
    double seconds;
    filch_channel *channel; /* of a stream */
} plan;

typedef uint64_t item; /* of a channel */

static inline filch_channel *channel_with(size_t room)
{
    filch_channel *channel;
    measure_check(filch_channel_create(&channel, sizeof(item), room));
    return channel;
}

measure_once channels_alone, channels_choosing, channels_hop, channels_crowd;
measure_once channels_ring_alone, channels_threads; /* the same by threads */
measure_once streams_stream, streams_late_job, streams_late_fiber;
measure_once futures_go, futures_burst, futures_there, futures_suspending, futures_async;

bar_judge futures_memory; /* of the last burst */
bar_judge locks_pairs, locks_busy, locks_spaced, locks_patience;
bar_judge timers_pairs, timers_fired, timers_asleep, timers_late;

#endif
