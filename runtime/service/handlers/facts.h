/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The facts about a job that a handler outside the process gets: as an environment, or as headers
 * of a request. */
#ifndef FL_FACTS_H
#define FL_FACTS_H

#include <filch/service.h>

enum { FL_FACTS_MOST = 32 << 10 }; /* bytes of all FILCH_HEADER_<NAME>=value, NULs included */

/* ms until the job's deadline; -1: it has none. */
int64_t fl_facts_deadline_ms(filch_service_job *job);
/* Makes texts "NAME=value", with a NULL after the last, in one block for free(). They are FILCH_JOB_ID (if it has one),
 * _TYPE, _ATTEMPT, _QUEUE, _DEADLINE_MS (if it has one), TRACEPARENT, and FILCH_HEADER_<NAME> for
 * each header with a name of letters, digits, - and _, as long as they fit. inherited: texts that
 * come first, ends with NULL; NULL: none. Returns NULL: no memory. */
char **fl_facts_make(filch_service_job *job, char *const *inherited);

#endif
