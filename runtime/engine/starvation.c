/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/starvation.h>

#include <runtime/platform/futex.h>

void fl_starve_begin(fl_starve *starve)
{
    filch_u32_add(&starve->starving, 1, FILCH_SEQ_CST); /* BeginStarving */
    filch_fence_seq_cst();                              /* BeginStarving */
}

void fl_starve_end(fl_starve *starve)
{
    filch_u32_add(&starve->starving, (uint32_t)-1,
                  FILCH_RELAXED); /* one relief too many is harmless */
}

void fl_starve_sleep(fl_starve *starve, uint32_t seen, int64_t until)
{
    filch_u32_add(&starve->asleep, 1, FILCH_SEQ_CST); /* seq_cst: the detector's */
    fl_futex_wait_until(&starve->relief, seen, until);
    filch_u32_add(&starve->asleep, (uint32_t)-1, FILCH_SEQ_CST); /* seq_cst: the detector's */
}

FILCH_COLD void fl_relieve_slow(fl_starve *starve)
{
    filch_u32_add(&starve->relief, 1, FILCH_RELEASE); /* GiveRelief */
    fl_futex_wake(&starve->relief, 1);
}
