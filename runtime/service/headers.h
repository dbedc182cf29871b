/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Headers of a message as one text, NAME NUL VALUE NUL ..., for brokers that keep them in one field. */
#ifndef FL_HEADERS_H
#define FL_HEADERS_H

#include <runtime/service/broker.h>

/* Writes `more`, and those of `old` whose names are not among them; `to` may be NULL. Returns the
 * number of bytes. */
size_t fl_headers_pack(char *to, const filch_header *more, size_t more_count,
                       const filch_header *old, size_t old_count);
/* The delivery of a message of config->queues[queue] whose headers are the packed text; an
 * incomplete text has none. body_size: of the body as sent, of which the message may lack all if it
 * exceeds config->body_most. Sets `queue` and `malformed`. NULL: no memory. */
fl_delivery *fl_headers_deliver(const fl_broker_config *config, unsigned queue,
                                filch_message message, const char *text, size_t size,
                                uint64_t body_size);

#endif
