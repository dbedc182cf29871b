/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of dead letters: requeued as jobs, or dropped.
 *
 * Letters are received like jobs. One that was not asked for is kept until all have been looked at,
 * and then returned: if it went back at once, it would come again. Leases are short, so that letters
 * of a command that is killed come back soon, and renewed while one is at work. */
#ifndef JOBS_LETTERS_H
#define JOBS_LETTERS_H

#include "options.h"

#include <filch/service.h>
#include <jansson.h>
#include <runtime/service/broker.h>

enum {
    LETTERS_SEARCHED = 10000, /* letters that are looked at for ids */
    LETTERS_NAME = 256,
    LETTERS_COUNT = 24 /* bytes of a count as text */
};

typedef enum letters_end { LETTERS_REQUEUE, LETTERS_DROP } letters_end;

typedef struct letters_result {
    uint64_t ended, failed; /* failed: still a letter, or not known to be none */
    json_t *missing;        /* ids that were not found */
    uint64_t leased; /* letters that others hold; FL_BROKER_UNKNOWN: not known, or not needed */
} letters_result;

/* The name of the queue of dead letters: 0, or JOBS_USAGE after a message. */
int letters_queue(const jobs_options *o, char name[LETTERS_NAME]);
/* Ends the letters of the ids in the arguments, or with --all all of them. An exit status. */
int letters_run(const jobs_options *o, letters_end end, letters_result *result);

/* The job of a letter, as it is published again: attempt 1, headers without x-dlq-*, and with the
 * count of its returns. `headers` has room for one more than the letter has. Texts are the letter's.
 * Pure. */
filch_message letters_job(const filch_message *letter, const char *queue, int64_t unix_time,
                          filch_header *headers, char count[LETTERS_COUNT]);

#endif
