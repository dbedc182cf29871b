/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Wait modes `help-any` and `help-own`: a join that finds its task stolen and not done runs other tasks
 * on top of its own frame, on the same fiber, instead of suspending it. For researchers and teachers:
 * it is what most runtimes do, and what `suspend` is to be compared with.
 *   help-any: whatever others have forked, by the discipline and the policy of every thief.
 *   help-own: what is on the fork stack of the fiber that runs the stolen task, hence the task's own
 *     descendants (leapfrogging: Wagner, Calder: Leapfrogging, a portable technique for implementing
 *     efficient futures, PPoPP 1993). Whoever runs a stolen slot says so in its state (S4, S5 of
 *     sched/forkstack.h). It may have ended meanwhile: then something else of that fiber's is taken,
 *     which does no harm, since its fork stack is there as long as the runtime is.
 *
 * Why it may run there. When a join finds its task stolen, everything older of the fiber is stolen, too,
 * and everything newer is joined: its fork stack is empty from slot + 1 on, and top is just there. So a
 * task that is run with self = slot + 1 finds what it would find if the joining task had called it; its
 * forks can be stolen, its panic ends in the boundary of every stolen slot (runtime/core/panic.h).
 * Only forked tasks are run so. A detached task, or a pool's job, often waits for something else; and a
 * fiber cannot be run on another. Where such things lie in the worker's deque or the inbox, the join
 * suspends, and the worker's loop takes them.
 *
 * Why joins alone never wait for each other in a circle. Let each of the fibers A1 ... An that stop
 * wait, in its topmost frame, for a task that lies under the topmost frame of the next. A task starts
 * after the one that forked it, and what lies above it in a stack starts after it. So the topmost frame
 * of A1 started before the task it waits for, that one before the topmost frame of A2, and so on to A1
 * again: it would have started before itself. What waits in any other way (a channel, a mutex, a
 * future) may well wait for a frame that it lies on; so these modes are for programs that only fork
 * and join. The detector of deadlocks reports what stands still nonetheless.
 *
 * Why no stack overflows. A join helps only while three quarters of the C stack and of the fork stack
 * are left, and suspends otherwise. So every stolen task has that much room; in mode suspend it has
 * all. With help-own the frames above each other are descendants, as in serial code.
 *
 * Why it ends. It helps while it finds something; then it tries again for some microseconds (not
 * at all where workers outnumber CPUs), and suspends. Where the profit rule forbids to ask it suspends,
 * too, and the worker's loop naps. The caller counts as running, so no publisher relies on it. It
 * may wait for an answer of an owner that helps itself: asking has a deadline. */
#ifndef FL_HELP_H
#define FL_HELP_H

#include <runtime/core/worker.h>

/* The calling fiber joins `slot`, which is stolen. true: it is done; false: the mode is to suspend, or
 * there is nothing, or no room, to help with. May suspend, in what it runs. */
bool fl_help(fl_fiber *fiber, filch_slot *slot);

#endif
