/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The Lua scripts of the broker `redis:`. Each runs in the server as one atomic step.
 *
 * Keys of a queue Q; QUEUE is "filch:Q":
 *   QUEUE:0 .. QUEUE:9  streams, one for each priority, with the group `filch`
 *   QUEUE:delayed       sorted set: serial numbers of delayed messages by their time, in us
 *   QUEUE:held          hash: serial number to message
 *   QUEUE:serial        the last serial number
 *   QUEUE:paused        set: paused types; the empty one pauses the queue
 *   QUEUE:stops         hash: FIRST_SEEN:ID of leased messages to cancel; ends a day after the last
 *   QUEUE:losses        counts entries that came back: returned, no longer paused, or at the end of
 *                       a lease
 *   QUEUE:sweep         time in ms by which a lease may end
 *   QUEUE:wake          channel: messages may be ready, or a time has changed
 *   filch:dedup         hash: the dedup keys of unfinished messages, of all queues
 *   filch-record:ID     hash: the record of a job; it expires
 *   filch-remembered:K  the dedup key K of a message with dedup_for; expires by itself
 *
 * An entry of a stream stays in it until it is settled. An entry that is not in the pending list of
 * the group has never been received. The consumer of one that is in the list tells its state:
 *   returned        ready, before the rest of its stream
 *   paused:TYPE     kept back, because its type is paused
 *   worker:MS:NAME  leased, until it has been idle for MS; its owner claims it again to extend that
 * The delivery counter of an entry is a number that no two deliveries share: 1024 * returns +
 * deliveries. Settlements name it, so a lease that another delivery took over is stale.
 *
 * Times are those of the server's TIME. */
#ifndef FL_REDIS_SCRIPTS_H
#define FL_REDIS_SCRIPTS_H

#include <stddef.h>

typedef enum fl_redis_script {
    FL_REDIS_RECEIVE,
    FL_REDIS_SETTLE,
    FL_REDIS_EXTEND,
    FL_REDIS_PUBLISH,
    FL_REDIS_COUNT,
    FL_REDIS_PEEK,
    FL_REDIS_CANCEL,
    FL_REDIS_PAUSE,
    FL_REDIS_STOP,
    FL_REDIS_STOPPED,
    FL_REDIS_DROP_STOPS,
    FL_REDIS_RECORD,
    FL_REDIS_SCRIPTS
} fl_redis_script;

enum {
    FL_REDIS_DELIVERIES = 1024, /* as in the scripts */
    FL_REDIS_LONGEST_DAYS = 30, /* the longest lease */
    FL_REDIS_STEP = 32          /* messages that a script reads at once */
};

/* The text of a script. The caller frees it. NULL: no memory. */
char *fl_redis_script_text(fl_redis_script which);

#endif
