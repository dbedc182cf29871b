/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Modes: small choices beside the queue (where forked tasks are kept) and the victim policy (how a
 * thief chooses), set by name when a runtime is created, for researchers and teachers who compare
 * strategies. The first of each is the default, and 0. */
#ifndef FL_MODE_H
#define FL_MODE_H

typedef struct fl_mode {
    const char *name; /* first: a registry is searched by it */
    const char *what; /* one line for people */
} fl_mode;

/* How a worker idles after an unsuccessful search (runtime/engine/find_work.h). */
enum fl_idle_mode { FL_IDLE_SLEEP, FL_IDLE_YIELD, FL_IDLE_SPIN };

/* How much a thief takes at a time: of the forked tasks that an owner gives (sched/forkstack.h),
 * and of the items of a ready deque (runtime/engine/steal.c). A silent owner is robbed of one at a
 * time in every mode: a CAS that takes many would take tasks that the owner has joined meanwhile.
 * ADAPTIVE: one; of a deep fork stack half, as long as the profit rule finds its tasks long enough.
 * ONE: one. HALF: half of all there are (steal-half: Hendler, Shavit, PODC 2002). */
enum fl_take_mode { FL_TAKE_ADAPTIVE, FL_TAKE_ONE, FL_TAKE_HALF };

/* How a join waits for a stolen task that is not done (runtime/engine/help.h). */
enum fl_wait_mode { FL_WAIT_SUSPEND, FL_WAIT_HELP_ANY, FL_WAIT_HELP_OWN };

/* The cores that workers run on, where the processor has fast and efficient ones
 * (runtime/platform/machine/topology.h). */
enum fl_cores_mode { FL_CORES_ALL, FL_CORES_FAST, FL_CORES_EFFICIENT };

/* The rows, in the order of their enum, ended by NULL. */
extern const fl_mode *const fl_idle_modes[];
extern const fl_mode *const fl_take_modes[];
extern const fl_mode *const fl_wait_modes[];
extern const fl_mode *const fl_cores_modes[];

#endif
