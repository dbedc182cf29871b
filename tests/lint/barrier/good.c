/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   J1 light fence    | T2: heavy fence, seq_cst fence where there is none; one of the two sees the other */
static unsigned index_of(unsigned address)
{
    __asm__("" : "+r"(address)); /* hides a value; no clobber of memory */
    filch_fence_light();         /* J1 */
    return address;
}

static void rob(bool asymmetric)
{
    if (asymmetric)
        fl_fence_heavy(); /* T2 */
    else
        filch_fence_seq_cst(); /* T2 */
}
