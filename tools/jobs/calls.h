/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls of a broker for filch-jobs: repeated while it is busy, and explained when they fail. Each
 * returns 0 or an exit status. */
#ifndef JOBS_CALLS_H
#define JOBS_CALLS_H

#include "connection.h"

enum { JOBS_BATCH = 100 };

/* Copies up to `most` waiting jobs into a new array, which the caller frees by jobs_drop_all. */
int jobs_peek(jobs_connection *c, unsigned most, fl_delivery ***out, unsigned *count);
void jobs_drop_all(jobs_connection *c, fl_delivery **all, unsigned count);
/* Receives up to `most`, and waits while the broker may still be sending some. *count 0: the queue
 * has none that can be had. The first *count are valid also after a failure. */
int jobs_receive(jobs_connection *c, fl_delivery **out, unsigned most, unsigned *count);
/* Settles a batch, and frees its deliveries. *settled grows by those that the broker accepted. */
int jobs_settle(jobs_connection *c, fl_settlement *batch, unsigned count, uint64_t *settled);
/* Extends leases, where they can be. */
int jobs_extend(jobs_connection *c, fl_delivery *const *batch, unsigned count);
/* Publishes a batch, whose statuses are then final. */
int jobs_publish(jobs_connection *c, fl_publication *batch, unsigned count);
/* The reason of a publication's status. */
const char *jobs_publication_text(int status);
/* Does the broker count? */
bool jobs_has_count(const jobs_connection *c);
/* Counts the jobs of the queue. */
int jobs_count(jobs_connection *c, fl_broker_count *out);

#endif
