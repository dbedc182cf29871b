/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void park(filch_u32 *park_word)
{
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST); /* ParkSleeper */
}
