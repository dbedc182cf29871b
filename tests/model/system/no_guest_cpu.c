/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a guest runs is no step of any protocol, nor how long it spins before it sleeps. */
#include <runtime/engine/guest_cpu.h>

void fl_guest_keep_apart(fl_worker *worker)
{
    (void)worker;
}

void fl_pace_turn(fl_pace *pace)
{
    (void)pace;
}

unsigned fl_pace_wait(fl_pace *pace, const fl_worker *worker)
{
    (void)pace;
    (void)worker;
    return 1;
}

unsigned fl_pace_give(fl_pace *pace, const fl_worker *worker)
{
    (void)pace;
    (void)worker;
    return 1;
}
