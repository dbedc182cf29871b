/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rings the bells of sched/good.h. */
static void ring(filch_u32 *bell)
{
    uint32_t parked = 1;
    filch_u32_cas(bell, &parked, 2, FILCH_SEQ_CST); /* B2 */
}
