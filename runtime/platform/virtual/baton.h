/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The baton of virtual threads: the right to run, which one thread has at a time.
 *
 * Each thread has a word. Its predecessor may set it before the thread looks at it, or while it
 * falls asleep: the futex compares the word once more, so no wake-up is lost.
 *
 *   GiveBaton: store turn = 1, release; futex wake  -> AwaitBaton: load turn, acquire, is 1:
 *                                                      sees all that the earlier holders wrote
 * Only the holder gives, to a thread that awaits or will await; only that thread clears the word,
 * before it can give again. */
#ifndef FL_BATON_H
#define FL_BATON_H

#include <filch/atomic.h>

typedef struct fl_baton {
    filch_u32 turn; /* 1: its thread runs next */
} fl_baton;

/* The caller has the baton; from now on the other thread has it. */
void fl_baton_give(fl_baton *to);
/* Waits until the calling thread has it. */
void fl_baton_await(fl_baton *own);

#endif
