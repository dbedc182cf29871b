/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The callbacks of a pool of resources as tasks, and the pool's decisions about them. */
#ifndef FL_RESOURCES_TASK_H
#define FL_RESOURCES_TASK_H

#include <runtime/engine/inbox.h>
#include <runtime/patterns/resources.h>
#include <runtime/sync/wait.h>

/* ---- With the lock ---- */

/* Resources that exist or are coming, and are not being destroyed. */
unsigned fl_resources_kept(const filch_resource_pool *pool);
bool fl_resources_settled(const filch_resource_pool *pool);
/* Too old to be handed out. */
bool fl_resource_expired(const filch_resource *resource, int64_t now);
bool fl_resource_needs_check(const filch_resource *resource, int64_t now);
/* An idle one is out of the list. */
void fl_resource_unlink(filch_resource *resource);
/* Starts the task of a place that is in no list. */
void fl_resource_begin(filch_resource *resource, enum fl_resource_state state);
void fl_resource_hand_over(filch_resource *resource, const filch_place *place, const char *holder,
                           int64_t now);
/* It is good and free: for the longest waiter, whose node is returned, to be told 0 when the lock
 * is free; or it becomes idle: NULL. */
fl_node *fl_resource_offer(filch_resource *resource, int64_t now);
/* Starts creations and checks for waiters, and for min; sets the alarm. */
void fl_resources_staff(filch_resource_pool *pool, int64_t now);

/* ---- Without ---- */

/* The alarm's task: destroys resources that are too old or too long idle. */
void fl_resources_tidy(filch_resource_pool *pool, int64_t now);
void fl_resources_tidy_task(filch_self self, fl_work_item *work_item);

#endif
