/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The number of messages that a service receives in advance, of a buffer that its user has not set.
 *
 * Brokers that commit each receive (caps.commits) lease a hundred messages for the price of one, so
 * there the buffer is FL_AHEAD_MOST. But other services cannot get the messages in it. So it holds
 * the jobs of FL_AHEAD_TIME at the pace of the last ones, and one for each handler at least. While
 * the bodies held have FL_AHEAD_BYTES or more, it holds no more than these. A longer body is received
 * all the same. Where jobs suddenly become slow, up to FL_AHEAD_MOST of them wait here. A service that
 * stops gives back all that have not begun.
 *
 * A buffer that is set, or that of another broker, is always filled. The owner only. */
#ifndef FL_SERVICE_AHEAD_H
#define FL_SERVICE_AHEAD_H

#include <filch/timer.h>

#include <stddef.h>
#include <stdint.h>

enum { FL_AHEAD_MOST = 100, FL_AHEAD_BYTES = 16 << 20 };
#define FL_AHEAD_TIME (250 * FILCH_MILLISECOND)
#define FL_AHEAD_WINDOW (50 * FILCH_MILLISECOND) /* the pace is measured over at least this */

typedef struct fl_ahead {
    unsigned now, least, most; /* messages */
    int64_t since;             /* the window began, */
    uint64_t ended;            /* after so many jobs */
} fl_ahead;

/* least < most: it varies. */
void fl_ahead_init(fl_ahead *ahead, unsigned least, unsigned most, int64_t now);
/* Each turn. ended: jobs so far; bytes: of the bodies held. */
void fl_ahead_look(fl_ahead *ahead, uint64_t ended, size_t bytes, int64_t now);

#endif
