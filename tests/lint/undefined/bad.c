/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * After Z9, its own park words. */
static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* B2 */
    filch_u32_exchange(park_word, 0, FILCH_SEQ_CST);     /* K7: nobody knows it */
    filch_u32_load(park_word, FILCH_SEQ_CST);            /* ordered by K8 */
}
