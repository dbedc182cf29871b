/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks that are to run once, for models of finding them: each carries its number. */
#ifndef SYSTEM_FORKED_H
#define SYSTEM_FORKED_H

#include <filch/fork.h>
#include <tests/model/checker/check.h>

enum { TASKS = 4 };

static unsigned published, runs[TASKS];

MC_UNCHECKED static inline void run_once(uint64_t number)
{
    MC_CLAIM(number < published, "a task runs with the arguments of none");
    MC_CLAIM(!runs[number]++, "a task runs twice");
}

MC_UNCHECKED static inline unsigned count(unsigned *what)
{
    return (*what)++;
}

static void run(filch_self self, filch_slot *slot)
{
    (void)self;
    run_once(slot->args[0]);
}

static const filch_task task = {run, "task"};

static inline filch_self do_fork(filch_self self)
{
    self->args[0] = count(&published);
    return filch_fork_inline(self, &task);
}

#endif
