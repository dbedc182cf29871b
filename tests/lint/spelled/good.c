/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static unsigned hint(filch_u32 *capped)
{
    return filch_u32_load(capped, FILCH_RELAXED); /* a hint */
}
