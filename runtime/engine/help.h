/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Wait modes `help-any` and `help-own`: a join that finds its task stolen and not done runs other
 * tasks on top of its own frame, on the same fiber, instead of suspending it. For researchers and
 * teachers: most runtimes do this, so `suspend` is to be compared with it.
 *   help-any: all tasks that others have forked, by the queue and the policy of every thief.
 *   help-own: tasks on the fork stack of the fiber that runs the stolen task, hence the task's own
 *     descendants (leapfrogging: Wagner, Calder: Leapfrogging, a portable technique for
 *     implementing efficient futures, PPoPP 1993). The thief of a slot records this fork stack in
 *     the slot's state (BeginTask, ReadRunner of sched/forkstack.h). The task may have ended
 *     meanwhile. Then the join takes another task of that fiber, which does no harm, since its fork
 *     stack exists as long as the runtime.
 *
 * Joins of a guest (runtime/engine/guest.h) help in mode suspend, too, as help-own does. But its
 * program may do more than fork and join: a foreign task on top of a join may wait for a frame
 * below it. A descendant of the joined task may not, since the join could not end before it either.
 * So the join looks once more after the theft. If the joined task is not done, it ran on that fork
 * stack all the time, and the stolen one is its descendant. Else the stolen one becomes ready for
 * all workers.
 *
 * Why the task may run there. When a join finds its task stolen, everything older of the fiber is
 * stolen, too, and everything newer is joined: its fork stack is empty from slot + 1 on, and top is
 * just there. So a task that is run with self = slot + 1 finds the same state as if the joining
 * task had called it. Its forks can be stolen; its panic ends in the boundary of every stolen slot
 * (runtime/engine/panic.h). Only forked tasks are run so. A detached task, or a pool's work item,
 * often waits for something else, and a fiber cannot run on another. Where such items lie in the
 * worker's deque or the inbox, the join suspends, and the worker's loop takes them.
 *
 * Why joins alone never wait for each other in a circle. Let each of the fibers GiveCall ... An
 * that stop wait, in its topmost frame, for a task that lies under the topmost frame of the next. A
 * task starts after the one that forked it, and a frame starts after those below it in its stack.
 * So the topmost frame of GiveCall started before the task it waits for, that one before the
 * topmost frame of ReadCall, and so on to GiveCall again: it would have started before itself.
 * Other waits (a channel, a mutex, a future) may well wait for a frame below their own, so these
 * modes are for programs that only fork and join. The detector of deadlocks reports such a circle.
 *
 * Why no stack overflows. A join helps only while three quarters of the C stack and of the fork
 * stack are left, and suspends otherwise. So every stolen task has that much room; in mode suspend
 * it has all. With help-own the frames above each other are descendants, as in serial code.
 *
 * Why it ends. A join helps while it finds something. It leaves every due find
 * (runtime/engine/find_work.h) to its worker's loop, and suspends then. If it finds nothing it tries
 * again for some microseconds (not at all where workers outnumber CPUs), and suspends. It also
 * suspends where the profit rule forbids asking, and the worker's loop naps. The caller counts as
 * running, so no publisher relies on it. It may wait for an answer of an owner that helps itself:
 * asking has a deadline.
 *
 * filch_help_until does the same until a word of the program changes, with all that others have
 * forked. When spinning finds nothing, it searches and sleeps as a worker does, but within its
 * task: BeginSearch and EndSearch of sched/idle.h, ParkHelper and ChangeWord of
 * runtime/engine/park.c. Its fiber counts as waiting until it wakes (FiberArrives of
 * runtime/engine/observe/waiting_list.h; LeaveVisit and LastChange of runtime/engine/park.c). A
 * sleeping worker must not hold anything that others cannot find. So a helper suspends where it has
 * unjoined forks, which become items, or where there are items that only the loop can run. The loop
 * then does all its duties. An item of another worker's deque, for which a helper may have been
 * woken, first goes to its worker's own. */
#ifndef FL_HELP_H
#define FL_HELP_H

#include <runtime/engine/fiber.h>
#include <runtime/engine/park.h>
#include <runtime/engine/worker.h>

/* The calling fiber joins `slot`, which is stolen. until: NULL, or ends the wait as well; in a seat
 * alone. true: the wait is over: the slot is done, or lies in a queue again; false: the mode is to suspend, or there is no task, or no room, to
 * help with. May suspend within the tasks it runs. */
bool fl_help(fl_fiber *fiber, filch_slot *slot, const fl_until *until);
/* The calling task helps, and sleeps, until that has ended. false: there is something that only the
 * worker's loop can do, or no room, so the task has to suspend. */
bool fl_help_until(fl_fiber *fiber, filch_self self, const fl_until *until);

/* The calling thread, in a seat, begins to wait for something that no task of its worker brings about: a lock, say.
 * It must run no task before fl_seat_goes_on. Costs about 100 ns, so call it only once a wait is long.
 * Reports name `call`, a literal, and the object. may_block(by): false if what it waits for has come, although the
 * thread has not run since. The detector of deadlocks calls it between these two calls. */
void fl_seat_waits(fl_fiber *fiber, const char *call, const void *object,
                   bool (*may_block)(const void *by), const void *by);
void fl_seat_goes_on(fl_fiber *fiber);

#endif
