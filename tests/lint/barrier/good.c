/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges:
 *   EraseTask light fence    | RobberFence: heavy fence, seq_cst fence where there is none; one of the two sees the other */
static unsigned index_of(unsigned address)
{
    __asm__("" : "+r"(address)); /* hides a value; no clobber of memory */
    filch_fence_light();         /* EraseTask */
    return address;
}

static void rob(bool asymmetric)
{
    if (asymmetric)
        fl_fence_heavy(); /* RobberFence */
    else
        filch_fence_seq_cst(); /* RobberFence */
}
