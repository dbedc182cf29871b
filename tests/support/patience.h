/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for other threads by polling. Yielding is not enough when many wait: on some kernels a
 * crowd of threads that only call sched_yield keeps everybody else from the CPU for minutes. It
 * needs no Filch, for programs that are not linked with it. */
#ifndef SUPPORT_PATIENCE_H
#define SUPPORT_PATIENCE_H

/* One turn of such a loop: the first ones give way, later ones sleep, up to a millisecond. */
void be_patient(unsigned turn);
#define WAIT_WHILE(condition)                                                                      \
    for (unsigned turn_ = 0; (condition); turn_++)                                                 \
    be_patient(turn_)

#endif
