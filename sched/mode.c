/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/mode.h>

#include <stddef.h>

#define MODE(name, what)                                                                           \
    &(const fl_mode)                                                                               \
    {                                                                                              \
        name, what                                                                                 \
    }

const fl_mode *const fl_idle_modes[] = {
    [FL_IDLE_SLEEP] = MODE("sleep", "searches some microseconds, then sleeps until it is woken"),
    [FL_IDLE_YIELD] = MODE("yield", "searches on, and gives its CPU to other threads in between"),
    [FL_IDLE_SPIN] =
        MODE("spin", "searches on; gives its CPU away only where workers outnumber CPUs"),
    NULL,
};
