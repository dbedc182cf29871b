/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Progress and results of jobs on their way to the broker. Runners hand copies to the owner; the
 * owner sends the last progress of each job in batches, at most once in 100 ms, and the rest with
 * the job's settlement. A job that tells nothing has no part of this.
 *
 * The race: a runner tells progress while the owner sends the one before. A copy belongs to the job
 * until the owner takes it out of `told`, under the lock; if it cannot be sent, the owner puts it
 * back unless there is a newer one. */
#ifndef FL_SERVICE_PROGRESS_H
#define FL_SERVICE_PROGRESS_H

#include <runtime/service/broker.h>
#include <runtime/service/service.h>

/* Sends what is due. The owner, like the next three. */
void fl_service_send_notes(filch_service *service);
/* The time of the service's clock at which some is due; FILCH_FOREVER: none, or the broker is away. */
int64_t fl_service_notes_due(const filch_service *service);
/* Writes the note that goes with the settlement of a job whose function is over. false: none. It
 * lasts as long as the job. */
bool fl_service_end_note(filch_service_job *job, fl_note *note);
/* -ENOTSUP, explained. Any thread. */
int fl_service_no_records(const filch_service *service);
/* Frees job->told. */
void fl_service_forget_told(filch_service_job *job);

#endif
