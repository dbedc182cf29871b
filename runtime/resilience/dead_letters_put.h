/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Putting a dead letter into a queue. */
#ifndef FL_DEAD_LETTERS_PUT_H
#define FL_DEAD_LETTERS_PUT_H

#include <runtime/resilience/dead_letters.h>

/* filch_dead_letters_put at a given moment. */
int fl_dead_letters_put(filch_dead_letters *letters, const filch_dead_letter_draft *draft,
                        uint64_t *id, fl_moment at);

#endif
