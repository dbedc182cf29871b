/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Needs its exception no more. */
void fl_fence_both(void)
{
    fl_fence_heavy(); /* for whoever asks */
}
