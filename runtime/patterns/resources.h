/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool of resources, internal part. It has one lock: no path is so hot that it would need less,
 * since the use of a resource costs more than a lock. All waiters wait in one queue.
 *
 * States of a resource; they change only under the lock:
 *   FREE        there is none: its place is for a new one
 *   CREATING    its task runs `create`
 *   IDLE        in the list, last used first
 *   CHECKING    its task runs `check`
 *   IN_USE      a caller has it
 *   DESTROYING  its task runs `destroy`
 * In the three states that end in -ING the resource belongs to its task, which finds the next state
 * in a table (resources_task.c). Its work item is part of it: starting it cannot fail.
 *
 * Invariants when the lock is free:
 *   idle resources that need no check and waiters that can be claimed never exist together;
 *   as many resources are coming (CREATING, CHECKING) as callers wait, unless there is no place;
 *   so every waiter is told: by a release, by a coming resource, or by its replacement if it fails.
 * Callers read the clock before they lock, so a caller's time may be earlier than its
 * predecessor's. Two fields keep the first of these true all the same. `good` never falls towards
 * the head of the list, so if the first idle resource needs a check, all do. For callers that wait,
 * checks are judged by `asked`, not by the earlier time of a task that starts them. `waiting`
 * counts waiters until they are told, or, if too late, have left under the lock. If it is too large
 * for a moment, one resource too many is created, which then lies idle.
 * Life: a task's last touch of the pool is unlocking, and so is a releaser's; a teller then touches
 * only the waiter. So the pool may be freed when all places are FREE, nobody waits, and the alarm
 * does not ring: `fl_resources_settled`. Threads: any. */
#ifndef FL_RESOURCES_H
#define FL_RESOURCES_H

#include <filch/base.h>
#include <filch/resources.h>
#include <runtime/engine/inbox.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

enum fl_resource_state {
    FL_RESOURCE_FREE,
    FL_RESOURCE_CREATING,
    FL_RESOURCE_IDLE,
    FL_RESOURCE_CHECKING,
    FL_RESOURCE_IN_USE,
    FL_RESOURCE_DESTROYING,
    FL_RESOURCE_STATES
};

struct filch_resource {
    fl_work_item work_item; /* first: its callbacks */
    filch_resource_pool *pool;
    enum fl_resource_state state;
    filch_resource *next, *previous; /* FREE: next; IDLE: both */
    void *value;
    int64_t born;
    int64_t rested; /* since when it is idle */
    int64_t good;   /* when it was last known to be good; in the list, latest first */
    /* IN_USE */
    int64_t since;
    const filch_place *place;
    const char *holder; /* the task's name, or NULL */
};

/* The record with which a caller of acquire waits. */
typedef struct fl_request {
    const filch_place *place;
    const char *holder;
    filch_resource *resource; /* NULL: none */
    bool told;
    filch_failure failure; /* why its creation failed; code 0: the pool was closed */
} fl_request;

struct filch_resource_pool {
    filch_resource_pool_config config;
    fl_alarm alarm;
    /* Under the lock */
    filch_u32 lock;
    uint32_t life; /* runtime/platform/given.h */
    bool closed;
    filch_waiters waiters, closers;
    unsigned count[FL_RESOURCE_STATES];
    unsigned waiting;
    filch_resource *free;
    filch_resource *youngest, *oldest; /* idle */
    int64_t retry_at;                  /* min is not tried before */
    int64_t asked;                     /* the latest time of a caller that had to wait */
    filch_resource_pool_stats stats;   /* its counters */
    filch_resource place[];
};

/* The calls of <filch/resources.h>, with the time given. */
int fl_resources_acquire(filch_resource_pool *pool, filch_resource **out, int64_t until,
                         const filch_place *place, int64_t now);
int fl_resource_release(filch_resource *resource, bool healthy, int64_t now);

/* ---- Reports ---- */

/* The report on the resources of a pool that are in use. */

/* filch_resource_pool_report, with the time given. */
size_t fl_resources_report(filch_resource_pool *pool, int64_t held, int64_t now, char *text,
                           size_t size);

#endif
