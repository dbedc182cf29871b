/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How far a service fills a buffer that its user has not set.
 *
 * Brokers that commit each receive (caps.commits) lease a hundred messages for the price of one, so
 * their default buffer is FL_AHEAD_MOST. But other services cannot get the messages in it.
 * Therefore it is filled only with as many messages as the service ends in FL_AHEAD_TIME at its
 * latest rate, or with `width` if that is more. While the bodies held have FL_AHEAD_BYTES or more,
 * the limit is `width`; a longer body is received all the same. If jobs suddenly become slow, up to
 * FL_AHEAD_MOST of them wait here. A service that stops gives back all jobs that have not begun.
 *
 * A buffer that is set, or that of another broker, is always filled. The owner only. */
#ifndef FL_SERVICE_AHEAD_H
#define FL_SERVICE_AHEAD_H

#include <filch/timer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_AHEAD_MOST = 100, FL_AHEAD_BYTES = 16 << 20 };
#define FL_AHEAD_TIME (250 * FILCH_MILLISECOND)
#define FL_AHEAD_WINDOW (50 * FILCH_MILLISECOND) /* the rate is measured over at least this */

typedef struct fl_ahead {
    unsigned now, least, most; /* messages */
    int64_t since;             /* start of the window */
    uint64_t ended;            /* jobs that had ended by then */
} fl_ahead;

/* The limit varies from least to most, and begins with least. */
void fl_ahead_init(fl_ahead *ahead, unsigned least, unsigned most, int64_t now);
static inline bool fl_ahead_varies(const fl_ahead *ahead)
{
    return ahead->least < ahead->most;
}
/* Called in each turn, if the limit varies. ended: jobs that have ended so far; bytes: of all bodies held. */
void fl_ahead_look(fl_ahead *ahead, uint64_t ended, size_t bytes, int64_t now);

#endif
