/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settlements of brokers that cannot change a stored message (fl_transport). A retry is a copy with
 * another attempt and a delay, a dead letter a copy with more headers in another queue. The copy is
 * confirmed before the original is acknowledged. So a crash in between leaves the message twice, and
 * never loses it.
 *
 * A confirmed copy is remembered in its delivery. If the acknowledgement fails, the next settlement of
 * this delivery sends only that.
 *
 * A copy that the broker never accepts (-EMSGSIZE, -ENOTSUP) is not sent again. A return, and a retry
 * where the broker has delays of its own, take effect on the original. Otherwise the original stays in
 * its queue and its lease ends: status -ESTALE. The log reports it once for each message, with the
 * reason and the remedy. */
#ifndef FL_COPY_H
#define FL_COPY_H

#include <runtime/service/broker.h>

enum { FL_COPY_BATCH = 128 }; /* items that fl_transport.answer gets at most */

/* `settle` of a broker that has a transport. */
fl_broker_rc fl_copy_settle(fl_broker *broker, fl_settlement *batch, unsigned count);

/* How `answer` settles an item: FL_SETTLE_ACK also where a copy replaces the message. FL_SETTLE_RETRY:
 * ready again after one->delay, without a copy; FL_SETTLE_DEAD: moved by the broker itself. */
static inline fl_settle_verb fl_copy_verb(const fl_settlement *one)
{
    return one->delivery->copied ? FL_SETTLE_ACK : one->verb;
}

#endif
