/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From the broker to the pool: receives as many messages as there is room for, checks them, and
 * makes those ready for whose type there is a place. All by the owner. */
#ifndef FL_SERVICE_INTAKE_H
#define FL_SERVICE_INTAKE_H

#include <filch/service.h>
#include <runtime/service/broker.h>

#include <stdbool.h>

enum { FL_RECEIVE_BATCH = 128 };

/* How much is received of one queue by one call of the broker. */
typedef struct fl_service_share {
    unsigned queue, most;
} fl_service_share;

/* Is there room for a batch, and may the broker have something? Batches pay: it waits until half
 * of the buffer is used up. */
bool fl_service_may_receive(const filch_service *service);
/* The share of the queue whose turn it is. */
fl_service_share fl_service_next_share(filch_service *service);
/* Takes in the messages of a share. true: as many as asked for. */
bool fl_service_take(filch_service *service, const fl_service_share *share, fl_delivery **batch,
                     unsigned count, fl_broker_rc rc);
/* The same, and few answers are due. Messages that cannot run take no room in the pool, so a backlog
 * of them would be received to its end before one is answered. */
bool fl_service_goes_on(const filch_service *service);
/* How many jobs have to be over before there is room for a batch; 0: there is. */
unsigned fl_service_missing_room(const filch_service *service);
/* Does a job wait for a place of its type? */
bool fl_service_has_waiting(const filch_service *service);
/* Receives while fl_service_goes_on. */
void fl_service_receive(filch_service *service);
/* Makes waiting jobs ready for runners. */
void fl_service_dispatch(filch_service *service);
/* A job gives up its place: it has run, or it was ready and does not run. */
void fl_service_leave(const filch_service_job *job);
/* The time of filch_now at which the rate of some type allows the next; FILCH_FOREVER: none waits
 * for that. */
int64_t fl_service_rate_due(const filch_service *service);

/* ---- Verdicts on deliveries ---- */

/* The decision about a run: done, again, or a dead letter. */

/* Decides by the job's answer and code, and writes job->verdict. The runner, after the function. */
void fl_service_decide(filch_service_job *job);
/* The verdict of a job that did not begin. */
void fl_service_bury(filch_service_job *job, const char *reason);

#endif
