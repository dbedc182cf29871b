/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * After Z9, its own bells. */
static void ring(filch_u32 *bell)
{
    uint32_t parked = 1;
    filch_u32_cas(bell, &parked, 2, FILCH_SEQ_CST); /* B2 */
    filch_u32_exchange(bell, 0, FILCH_SEQ_CST);     /* K7: nobody knows it */
    filch_u32_load(bell, FILCH_SEQ_CST);            /* ordered by K8 */
}
