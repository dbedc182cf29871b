/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched.h>
#include <tests/support/patience.h>
#include <unistd.h>

void be_patient(unsigned turn)
{
    enum { YIELDS = 50, LONGEST = 1000 };
    if (turn < YIELDS)
        sched_yield();
    else
        usleep(turn < LONGEST ? turn : LONGEST);
}
