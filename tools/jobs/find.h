/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One job of a queue, by its id. */
#ifndef JOBS_FIND_H
#define JOBS_FIND_H

#include "connection.h"

enum { FIND_MOST = 100000 };

/* Shows the waiting job of this id. what: "waiting job", for the message. An exit status. */
int find_and_show(jobs_connection *c, const char *id, const char *what);

#endif
