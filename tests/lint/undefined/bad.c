/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * After DropLetters, its own park words. */
static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* UnparkSleeper */
    filch_u32_exchange(park_word, 0, FILCH_SEQ_CST);     /* MarkCalled: nobody knows it */
    filch_u32_load(park_word, FILCH_SEQ_CST);            /* ordered by ReadCalled */
}
