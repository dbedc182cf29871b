/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/mode.h>

#include <stddef.h>

#define MODE(name, what)                                                                           \
    &(const fl_mode)                                                                               \
    {                                                                                              \
        name, what                                                                                 \
    }

const fl_mode *const fl_idle_modes[] = {
    [FL_IDLE_SLEEP] = MODE("sleep", "searches for a few microseconds, then sleeps until woken"),
    [FL_IDLE_YIELD] = MODE("yield", "keeps searching, and yields its CPU in between"),
    [FL_IDLE_SPIN] =
        MODE("spin", "keeps searching; yields its CPU only where workers outnumber CPUs"),
    NULL,
};

const fl_mode *const fl_take_modes[] = {
    [FL_TAKE_ADAPTIVE] =
        MODE("adaptive", "one task at a time, half of a deep stack while that pays"),
    [FL_TAKE_ONE] = MODE("one", "one task at a time"),
    [FL_TAKE_HALF] = MODE("half", "half of what the victim has"),
    NULL,
};

const fl_mode *const fl_wait_modes[] = {
    [FL_WAIT_SUSPEND] = MODE("suspend", "a join of a stolen task suspends its fiber"),
    [FL_WAIT_HELP_ANY] = MODE("help-any", "it runs any forked task meanwhile"),
    [FL_WAIT_HELP_OWN] = MODE("help-own", "it runs tasks that the stolen task has forked"),
    NULL,
};

const fl_mode *const fl_cores_modes[] = {
    [FL_CORES_ALL] = MODE("all", "fast cores first, then efficient ones"),
    [FL_CORES_FAST] = MODE("fast", "fast cores only"),
    [FL_CORES_EFFICIENT] = MODE("efficient", "efficient cores only"),
    NULL,
};
