/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decay: which of a store's idle items are no longer needed, and when they go.
 *
 * Items that were in the store for all of a second were not needed in that second. Their number is
 * the lowest count of that time. The part of it beyond `keep` is the surplus, which goes in steps a
 * millisecond apart, so that no thread waits long for the store's lock. That lock guards all of
 * this. */
#ifndef FL_IDLE_TRIM_H
#define FL_IDLE_TRIM_H

#include <stdint.h>

enum { FL_DECAY_NS = 1000000000, FL_DECAY_STEP_NS = 1000000 };

typedef struct fl_decay {
    unsigned least;   /* the lowest count since the second began */
    unsigned surplus; /* items that are still to go */
    int64_t at;       /* when to look; 0: never */
} fl_decay;

/* Items were taken; `count` are left. */
static inline void fl_decay_taken(fl_decay *decay, unsigned count)
{
    if (count < decay->least)
        decay->least = count;
}

static inline int fl_decay_is_due(const fl_decay *decay, int64_t now)
{
    return decay->at && now >= decay->at;
}

/* How many of the `count` items are to go. The caller may free fewer, and tells fl_decay_next. */
static inline unsigned fl_decay_surplus(fl_decay *decay, unsigned count, unsigned keep, int64_t now)
{
    if (!fl_decay_is_due(decay, now))
        return 0;
    if (!decay->surplus && decay->least > keep)
        decay->surplus = decay->least - keep;
    if (decay->surplus > count)
        decay->surplus = count;
    return decay->surplus;
}

/* After `gone` of the surplus went, and `count` items are left. Returns when to look again; 0:
 * nothing is left to free. */
static inline int64_t fl_decay_next(fl_decay *decay, unsigned gone, unsigned count, unsigned keep,
                                    int64_t now)
{
    if (fl_decay_is_due(decay, now)) {
        decay->surplus -= gone;
        if (decay->surplus)
            return decay->at = now + FL_DECAY_STEP_NS;
        decay->at = 0;
    }
    if (count <= keep)
        return decay->at = 0;
    if (!decay->at) {
        decay->at = now + FL_DECAY_NS;
        decay->least = count;
    }
    return decay->at;
}

#endif
