/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A breaker's decisions, as a state machine without a clock or a lock: the caller gives the time
 * and holds a lock around each call. Times that go back count as the latest that was seen.
 *
 * A ticket carries the generation in which it was given; every event of the table in
 * breaker_state.c begins a new one. So reports to another generation do not count, nor do the
 * probes of an earlier half-open state. */
#ifndef FL_BREAKER_STATE_H
#define FL_BREAKER_STATE_H

#include <filch/breaker.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- The window ---- */

/* The rolling window of a breaker, which counts failures. It covers either a number of calls, one
 * bit each, or a length of time, in parts of which the oldest goes as a whole. Only its owner uses
 * it; the caller gives the time. Times that go back count as the latest that was seen. */

typedef struct fl_window {
    uint64_t calls, failures;
    unsigned size; /* calls, or parts */
    unsigned at;   /* where the next call goes; the part that is now */
    int64_t span;  /* of a part, ns; 0: by calls */
    int64_t start; /* of the part that is now */
    void *room;    /* bits, or parts */
} fl_window;

/* The bytes that a window takes; aligned to 8 bytes. */
size_t fl_window_room(unsigned size, int64_t span);
/* Empty. */
void fl_window_init(fl_window *window, unsigned size, int64_t span, void *room, int64_t now);
void fl_window_clear(fl_window *window, int64_t now);
/* Forgets calls that are too old by now. */
void fl_window_age(fl_window *window, int64_t now);
void fl_window_add(fl_window *window, bool failed, int64_t now);

/* ---- Breaker state ---- */

typedef struct fl_breaker_machine {
    filch_breaker_config config; /* complete */
    filch_breaker_stats stats;   /* complete but for the window's numbers */
    filch_breaker_change last;   /* the last change; number 0: there was none */
    fl_window window;
    uint64_t generation; /* from 1 */
    int64_t now;         /* the latest that was seen */
    int64_t open_time;   /* of the last, or the next, time that it is open */
    unsigned successes;  /* of probes */
} fl_breaker_machine;

/* Replaces zeros by their defaults. -EINVAL. */
int fl_breaker_complete(filch_breaker_config *config);
/* config is complete; room: fl_breaker_room(config) bytes. Closed. */
size_t fl_breaker_room(const filch_breaker_config *config);
void fl_breaker_begin(fl_breaker_machine *machine, const filch_breaker_config *config, void *room,
                      int64_t now);

/* A ticket, or false. */
bool fl_breaker_ask(fl_breaker_machine *machine, filch_breaker_ticket *ticket, int64_t now);
/* 0; -ESTALE another generation's; -EALREADY not, or no longer, a ticket. It is none afterwards. */
int fl_breaker_count(fl_breaker_machine *machine, filch_breaker_ticket *ticket,
                     filch_breaker_verdict verdict, int64_t now);
void fl_breaker_force_open(fl_breaker_machine *machine, int64_t until, int64_t now);
void fl_breaker_force_closed(fl_breaker_machine *machine, int64_t now);
filch_breaker_stats fl_breaker_stats_at(fl_breaker_machine *machine, int64_t now);

#endif
