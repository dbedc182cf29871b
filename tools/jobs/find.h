/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One job of a queue, by its id. */
#ifndef JOBS_FIND_H
#define JOBS_FIND_H

#include "connection.h"

enum { FIND_MOST = 100000 };

/* Shows a job that was found; returns an exit status. */
typedef int find_show(const jobs_options *o, const filch_message *message);
/* Searches the first FIND_MOST jobs, or --limit, for this id, and shows the job. *count: jobs searched. Returns an exit status. */
int find_job(jobs_connection *c, const char *id, find_show *show, bool *found, unsigned *count);
/* Shows the waiting job of this id in full, or reports that there is none. what: "waiting job", for the message. Returns an exit status. */
int find_and_show(jobs_connection *c, const char *id, const char *what);

#endif
