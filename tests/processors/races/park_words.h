/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The park words of two workers, and how a waker chooses one, as runtime/engine/park.c has it
 * (UnparkSleeper): for programs that judge the protocol without a runtime. */
#ifndef PARK_WORDS_H
#define PARK_WORDS_H

#include <filch/atomic.h>

enum { AWAKE, PARKED, WOKEN, WORKERS = 2 };

static filch_u32 park_word[WORKERS];

static void unpark_one(unsigned first)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        filch_u32 *word = &park_word[(first + i) % WORKERS];
        uint32_t parked = PARKED;
        if (filch_u32_load(word, FILCH_SEQ_CST) == PARKED &&    /* UnparkSleeper */
            filch_u32_cas(word, &parked, WOKEN, FILCH_SEQ_CST)) /* UnparkSleeper */
            return;
    }
}

#endif
