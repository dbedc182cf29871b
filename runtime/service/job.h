/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs of a service: their memory, and the moves that the owner makes with them. */
#ifndef FL_SERVICE_JOB_H
#define FL_SERVICE_JOB_H

#include <filch/service.h>

/* With a copy of the message; NULL: no memory. The owner, while the broker receives. */
filch_service_job *fl_service_job_make(filch_service *service, const filch_message *message);
/* The last touch. The owner. */
void fl_service_job_free(filch_service_job *job);
/* At the end of the service. */
void fl_service_free_spare(filch_service *service);
/* The owner wants it back before it begins: true, it will not begin, and is in no list. */
bool fl_service_job_claim(filch_service_job *job);
/* The owner is through with it: takes it out of its lists, and frees it. */
void fl_service_job_forget(filch_service_job *job);
/* Somebody wants it to be cancelled: it does not begin, or its context is done. Its message is
 * forgotten then, unless its answer was due before. */
void fl_service_job_stop(filch_service_job *job);
/* Its lease is lost: it is forgotten if it has not begun; else its context is done, and nobody
 * answers it. */
void fl_service_job_lose(filch_service_job *job);

#endif
