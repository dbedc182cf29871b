/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B3 leave: exchange park word, seq_cst    -> B2 of twice/good.h */
static void unpark(filch_u32 *park_word)
{
    uint32_t parked = 1;
    filch_u32_exchange(park_word, 1, FILCH_SEQ_CST);     /* B1 */
    filch_u32_cas(park_word, &parked, 2, FILCH_SEQ_CST); /* B2 */
    filch_u32_exchange(park_word, 0, FILCH_SEQ_CST);     /* B3 */
}
