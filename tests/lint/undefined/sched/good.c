/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void park(filch_u32 *bell)
{
    filch_u32_exchange(bell, 1, FILCH_SEQ_CST); /* B1 */
}
