/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for other threads by polling. Yielding is not enough when many wait: on some kernels a
 * crowd of threads that only call sched_yield keeps everybody else from the CPU for minutes. */
#ifndef SUPPORT_PATIENCE_H
#define SUPPORT_PATIENCE_H

#include <sched.h>
#include <unistd.h>

/* One turn of such a loop: the first ones give way, later ones sleep, up to a millisecond. */
static inline void be_patient(unsigned turn)
{
    enum { YIELDS = 50, LONGEST = 1000 };
    if (turn < YIELDS)
        sched_yield();
    else
        usleep(turn < LONGEST ? turn : LONGEST);
}

#define WAIT_WHILE(condition)                                                                      \
    for (unsigned turn_ = 0; (condition); turn_++)                                                 \
    be_patient(turn_)

#endif
