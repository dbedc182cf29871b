/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool of resources from within. One lock; nothing here is so hot that it would need less: what is
 * behind a resource costs more than a lock. Who waits, waits in one queue.
 *
 * State of a resource, and who changes it, always under the lock:
 *   FREE        there is none: its place is for a new one
 *   CREATING    its task runs `create`
 *   IDLE        in the list, last used first
 *   CHECKING    its task runs `check`
 *   IN_USE      somebody has it
 *   DESTROYING  its task runs `destroy`
 * In the three states that end in -ING the resource belongs to its task, which knows by a table what
 * comes next (resources_task.c). Its job is part of it: starting it cannot fail.
 *
 * What must hold when the lock is free:
 *   idle resources that need no check and waiters that can be claimed are not there together;
 *   as many resources are coming (CREATING, CHECKING) as callers wait, unless there is no place;
 *   so every waiter is told: by a release, by what is coming, or by what its failure starts next.
 * `waiting` counts who waits until it is told, or, too late, has said so under the lock. Too large
 * for a moment, it makes one resource too many, which then lies idle.
 * Life: a task's last touch of the pool is unlocking, and so is a releaser's; who tells a waiter
 * touches the waiter alone. So the pool may be freed when all places are FREE, nobody waits, and
 * the alarm does not ring: `fl_resources_settled`. Threads: any. */
#ifndef FL_RESOURCES_H
#define FL_RESOURCES_H

#include <filch/failure.h>
#include <filch/resources.h>
#include <runtime/sync/alarm.h>
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
    fl_job job; /* first: its callbacks */
    filch_resources *pool;
    enum fl_resource_state state;
    filch_resource *next, *previous; /* FREE: next; IDLE: both */
    void *value;
    int64_t born;
    int64_t rested; /* since when it is idle */
    int64_t good;   /* when it was last known to be */
    /* IN_USE */
    int64_t since;
    const filch_place *place;
    const char *holder; /* the task's name, or NULL */
};

/* What a caller of acquire waits with. */
typedef struct fl_request {
    const filch_place *place;
    const char *holder;
    filch_resource *resource; /* NULL: none */
    bool told;
    filch_failure failure; /* why its creation failed; code 0: the pool was closed */
} fl_request;

struct filch_resources {
    filch_resources_config config;
    fl_alarm alarm;
    /* Under the lock */
    filch_u32 lock;
    bool closed;
    filch_waiters waiters, closers;
    unsigned count[FL_RESOURCE_STATES];
    unsigned waiting;
    filch_resource *free;
    filch_resource *youngest, *oldest; /* idle */
    int64_t retry_at;                  /* min is not tried before */
    filch_resources_stats stats;       /* its counters */
    filch_resource place[];
};

/* ---- With the lock (resources_task.c) ---- */

/* How many there are, and stay. */
unsigned fl_resources_kept(const filch_resources *pool);
bool fl_resources_settled(const filch_resources *pool);
/* Too old to be handed out. */
bool fl_resource_expired(const filch_resource *resource, int64_t now);
bool fl_resource_needs_check(const filch_resource *resource, int64_t now);
/* An idle one is out of the list. */
void fl_resource_unlink(filch_resource *resource);
/* Starts the task of a place that is in no list. */
void fl_resource_begin(filch_resource *resource, enum fl_resource_state state);
void fl_resource_hand_over(filch_resource *resource, const filch_place *place, const char *holder,
                           int64_t now);
/* It is good and nobody's: for who has waited longest, whose node is returned, to be told 0 when
 * the lock is free; or idle: NULL. */
fl_node *fl_resource_offer(filch_resource *resource, int64_t now);
/* Starts creations and checks for those who wait, and for min; sets the alarm. */
void fl_resources_staff(filch_resources *pool, int64_t now);

/* ---- Without ---- */

/* What the alarm's task does: destroys who is too old or too long idle. */
void fl_resources_tidy(filch_resources *pool, int64_t now);
void fl_resources_tidy_task(filch_self self, fl_job *job);
/* The calls of <filch/resources.h>, at a time. */
int fl_resources_acquire(filch_resources *pool, filch_resource **out, int64_t until,
                         const filch_place *place, int64_t now);
int fl_resource_release(filch_resource *resource, bool healthy, int64_t now);
size_t fl_resources_report(filch_resources *pool, int64_t held, int64_t now, char *text,
                           size_t size);

#endif
