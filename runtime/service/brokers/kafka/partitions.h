/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The offsets of one Kafka partition that have been received and are not committed.
 *
 * A group has one committed offset for each partition, and a consumer that takes the partition over
 * begins there. Jobs of a partition end in any order. So the offset that may be committed is that of the
 * lowest unfinished job: a later one would lose that job if this process died, an earlier one would
 * repeat finished jobs. Offsets come in ascending order, with gaps (compaction, transactions). */
#ifndef FL_KAFKA_PARTITIONS_H
#define FL_KAFKA_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is empty. */
typedef struct fl_kafka_window {
    int64_t *offsets; /* ascending; a finished one is stored as -offset - 1 */
    size_t first, end, room;
    int64_t next; /* the lowest offset that has not been received */
} fl_kafka_window;

/* Adds a received offset. 0; -EEXIST: it was received before; -ENOMEM. */
int fl_kafka_window_add(fl_kafka_window *window, int64_t offset);
/* Marks an offset as finished. false: it is not in the window, or was finished before. */
bool fl_kafka_window_finish(fl_kafka_window *window, int64_t offset);
/* The offset to commit: all below are finished. */
int64_t fl_kafka_window_low(const fl_kafka_window *window);
/* Offsets from the lowest unfinished one on, finished ones among them included. */
size_t fl_kafka_window_size(const fl_kafka_window *window);
void fl_kafka_window_end(fl_kafka_window *window);

#endif
