/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define LOAD(word) filch_u32_load(word, order) /* whatever the caller wants */

static unsigned hint(filch_u32 *capped, filch_order order)
{
    filch_u32_store(capped, 1, 0);                                        /* a hint */
    return filch_u32_load(capped, order ? FILCH_ACQUIRE : FILCH_RELAXED); /* a hint */
}
