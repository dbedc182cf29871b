/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Place numbers: a bitmap of 0, 1, 2, ... from which the lowest free number is taken. It grows as
 * needed. Not thread-safe: under its owner's lock. */
#ifndef FL_SLOT_NUMBERS_H
#define FL_SLOT_NUMBERS_H

#include <stdint.h>

typedef struct fl_places {
    uint64_t *held; /* a bit for each */
    unsigned words;
    unsigned first; /* all words before it are full */
} fl_places;

/* Takes the lowest free number; -ENOMEM. */
int fl_places_take(fl_places *places);
void fl_places_give(fl_places *places, unsigned place);
void fl_places_clear(fl_places *places);

#endif
