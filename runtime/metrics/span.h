/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A span, internal part. One lock guards everything that changes; no function of the user and no
 * allocation is called under it. A span that has ended changes no more, except for its users, so
 * that readers need no lock: they hold a reference, and learned of the end under the lock, or from
 * the sink.
 *
 * The count of users is a plain number under the lock. The thread that drops the last one is alone
 * with the span, since a new reference comes from an old one. If the span has not ended, that thread
 * takes one reference for itself, ends the span, and drops it again: the sink may have kept one.
 *
 * Memory: a span is one block with its name, its tracestate, and the rows of its attributes and
 * events. A row of an attribute has a block with its key and text, of which the key is the first; a
 * row of an event one with its attributes, which are first, and its texts. */
#ifndef FL_SPAN_H
#define FL_SPAN_H

#include <filch/span.h>
#include <runtime/platform/lock.h>

struct filch_span {
    /* Constant */
    filch_tracer tracer; /* without defaults left open; no sink: not recorded */
    int64_t clock;       /* when it began, fl_now() */
    uint32_t life;       /* runtime/platform/given.h */
    filch_log_field *attributes;
    filch_span_event *events;
    /* Under the lock; constant when it has ended, but for `users` */
    filch_u32 lock;
    unsigned users;
    bool ended;
    filch_span_record record;
};

/* Frees what its rows hold. The caller is alone with it. */
void fl_span_clear(filch_span *span);
/* The bytes of a text that are kept, of `most` at most: no part of a character. */
size_t fl_span_clipped(const char *text, size_t most);

#endif
