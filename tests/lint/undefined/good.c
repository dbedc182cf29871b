/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Wakes through the park words of sched/good.h. */
static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* UnparkSleeper */
}
