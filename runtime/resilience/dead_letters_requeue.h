/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters that are submitted again, and those that are purged. */
#ifndef FL_DEAD_LETTERS_REQUEUE_H
#define FL_DEAD_LETTERS_REQUEUE_H

#include <runtime/resilience/dead_letters.h>

/* ---- As without fl_, at a given moment: `date` is in ns since 1970 ---- */

int fl_dead_letters_requeue(filch_dead_letter_queue *letters, uint64_t id, filch_requeue_fn *fn,
                            void *arg, int64_t date);
int fl_dead_letters_requeue_all(filch_dead_letter_queue *letters, filch_requeue_fn *fn, void *arg,
                                size_t *count, int64_t date);
int fl_dead_letters_purge(filch_dead_letter_queue *letters, int64_t age, size_t *count,
                          int64_t date);

#endif
