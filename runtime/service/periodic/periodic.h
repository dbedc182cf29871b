/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Periodic jobs of a service. The publisher's thread looks at them each time before it sleeps, and at
 * each slot puts a message into its own list of requests.
 *
 * The race: several services reach a slot. All publish NAME@SLOT as id and dedup key with a memory
 * of FL_SLOT_MEMORY; the broker accepts one and refuses the others. A service that was stopped, or
 * whose clock is slow, comes later: the broker remembers the key for longer than any of them may
 * still try (the window behind the slot, and the clocks' difference).
 *
 * Steps of the clock. Forward: of the slots that were jumped over only the last is published, if its
 * window is not over. Backward by up to FL_CLOCK_STEP: nothing is due until the clock has caught up.
 * By more, the time before the step was wrong: slots are counted anew.
 * A service that starts publishes a slot whose window is not over, unless another has: a restart at
 * the moment of a slot does not miss it.
 * All functions but those of life: the publisher's thread. */
#ifndef FL_SERVICE_PERIODIC_H
#define FL_SERVICE_PERIODIC_H

#include <filch/service.h>
#include <runtime/service/broker.h>
#include <runtime/service/periodic/cron.h>
#include <runtime/service/periodic/time_zone.h>

#include <stddef.h>
#include <stdint.h>

struct fl_request;

#define FL_SLOT_WINDOW (300 * FILCH_SECOND) /* at most, in which a slot is published */
#define FL_SLOT_MEMORY (2 * 86400 * FILCH_SECOND)
#define FL_CLOCK_STEP (86400 * FILCH_SECOND)

typedef struct fl_periodic {
    const filch_periodic *given;
    fl_cron cron;
    fl_zone zone;
    int64_t next;               /* slot, s of Unix time; INT64_MIN: not looked at yet */
    int64_t slot;               /* the one that is being published, */
    int64_t give_up_at;         /* until this ns of Unix time */
    struct fl_request *request; /* NULL: none is */
} fl_periodic;

typedef struct fl_periodics {
    struct filch_service *service;
    fl_periodic *all;
    unsigned count;
    int64_t seen; /* the latest ns of Unix time so far */
} fl_periodics;

/* Checks and copies the configuration's table. 0; or -EINVAL, -ENOTSUP, -ENOMEM, explained. */
int fl_periodics_init(fl_periodics *periodics, struct filch_service *service,
                      const fl_broker_kind *kind);
/* Also of one that was made in part. The thread has left. */
void fl_periodics_end(fl_periodics *periodics);
/* Writes a slot as "2026-11-22T02:00:00Z". Any thread. */
void fl_slot_text(int64_t slot, char *text, size_t size);

/* Publishes what is due, and judges what has been published. */
void fl_periodics_turn(fl_periodics *periodics);
/* ns until the next turn; FILCH_FOREVER: none is needed. */
int64_t fl_periodics_rest(const fl_periodics *periodics);
/* Drops what is being published: the thread ends. */
void fl_periodics_leave(fl_periodics *periodics);

#endif
