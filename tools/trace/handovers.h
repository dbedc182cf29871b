/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Hand-overs of a traced run, while its dag is built (tools/trace/dag.h): locks, permits and items of channels that
 * tasks give and take. Each is a queue by object: a taker comes after the giver whose strand is the oldest in the
 * queue. Of n permits, the taker number i so comes after the giver number i - n, in the order of the run.
 *
 * That is the order of this run. Another run may hand over in another order, and have a shorter span. */
#ifndef TRACE_HANDOVERS_H
#define TRACE_HANDOVERS_H

#include "keyed.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct handovers {
    keyed objects; /* struct handed */
    bool is_short; /* of memory */
} handovers;

typedef struct handed_part {
    uint32_t strand, count; /* so many by one strand; 0: of no task */
} handed_part;

/* Of an object: all that was given and has not been taken. */
typedef struct handed {
    handed_part *queue; /* from `first` on, up to `count` */
    uint32_t first, count, room;
    bool is_known;
} handed;

/* None. */
#define HANDOVERS_NONE ((handovers){.objects.size = sizeof(handed)})

void handovers_end(handovers *all);
/* So many of the object are free. Only of an object that is not known yet. */
void handovers_free(handovers *all, uint32_t object, uint32_t count);
/* A strand has given so many. */
void handovers_give(handovers *all, uint32_t object, uint32_t count, uint32_t strand);
/* Takes up to *count of one giver out of the queue, and lowers *count by these. Returns the giver's strand; 0: no task
 * gave them, or *count is 0. */
uint32_t handovers_take(handovers *all, uint32_t object, uint32_t *count);

#endif
