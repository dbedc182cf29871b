/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The store that keeps dead letters in memory. */
#ifndef FL_DEAD_LETTERS_MEMORY_H
#define FL_DEAD_LETTERS_MEMORY_H

#include <filch/dead_letters.h>

/* -ENOMEM through fl_fail. */
int fl_dead_letters_memory_create(void **out);
extern const filch_dead_letter_store fl_dead_letters_memory;

#endif
