/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Models find deadlocks themselves. */
#include <runtime/sync/deadlock.h>

filch_u32 fl_detector_on;

void fl_suspect_slow(void)
{
}

void fl_detector_enlist(fl_runtime *rt)
{
    (void)rt;
}

void fl_detector_strike_off(fl_runtime *rt)
{
    (void)rt;
}

void fl_thread_noted(void)
{
}

void fl_thread_waits(void)
{
}

void fl_thread_told(void)
{
}
