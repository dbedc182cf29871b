/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Other load on the machine: a process that computes on one CPU until it is stopped, or its parent has
 * died. */
#ifndef BARS_LOAD_H
#define BARS_LOAD_H

#include "measure.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static inline pid_t load_start(void)
{
    pid_t load = fork();
    measure_expect(load >= 0, "no process for the load");
    if (load == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned turn = 0;; turn++)
            ;
    }
    return load;
}

static inline void load_stop(pid_t load)
{
    kill(load, SIGKILL);
    waitpid(load, NULL, 0);
}

#endif
