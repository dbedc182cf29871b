/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   B3 leave: exchange bell, seq_cst    -> B2 of twice/good.h */
static void ring(filch_u32 *bell)
{
    uint32_t parked = 1;
    filch_u32_exchange(bell, 1, FILCH_SEQ_CST);     /* B1 */
    filch_u32_cas(bell, &parked, 2, FILCH_SEQ_CST); /* B2 */
    filch_u32_exchange(bell, 0, FILCH_SEQ_CST);     /* B3 */
}
