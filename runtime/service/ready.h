/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ready jobs, and the runners that take them.
 *
 * A runner is a job of the pool. It runs ready jobs, one after another, until there is none. To wake
 * another worker costs as much as some tens of tiny jobs, so jobs that are expected to be short share a
 * runner: as many as take FL_RUNNER_TIME together. For each longer one there is a runner, up to the
 * service's width.
 *
 * The expectation of a type begins long, rises at once with a longer run, and falls with each shorter
 * one by a sixteenth of the difference. If it is wrong, a job may wait behind a long one. So an owner
 * that left jobs without a runner looks again after FL_READY_PATIENCE, or when its call of the broker
 * has returned. Then it adds one for each job that is still ready. While there is no connection it does
 * so at once.
 *
 * All of it is under the service's lock. No job is left behind: a runner leaves in the critical section
 * in which it finds `ready` empty, and the owner counts new runners in the one in which it adds jobs.
 * Those that the pool refuses, because memory is short, are counted off, and the owner looks again. */
#ifndef FL_SERVICE_READY_H
#define FL_SERVICE_READY_H

#include <runtime/service/service.h>

#include <filch/timer.h>

#define FL_RUNNER_TIME (50 * FILCH_MICROSECOND)
#define FL_READY_PATIENCE FILCH_MILLISECOND

/* The owner, without the lock: jobs of the list `jobs`, linked by `over`, become ready, and the pool
 * gets runners for them. Also without jobs: those for which its patience has ended. */
void fl_ready_add(filch_service *service, fl_list *jobs);
/* The owner, without the lock: when it has to look again. FILCH_FOREVER: it need not. */
int64_t fl_ready_due(const filch_service *service);
/* A runner: the next job, which is RUNNING then. NULL: the runner has left. */
filch_service_job *fl_ready_take(filch_service *service, int64_t now);
/* The owner: takes a job out that no runner has taken. */
void fl_ready_remove(filch_service_job *job);
/* A runner: a run of the type took so long. */
void fl_ready_learn(fl_service_type *type, int64_t duration);

#endif
