/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Modes: small choices beside the discipline (where forked tasks are kept) and the policy (whom to
 * rob), chosen by name when a runtime is created, for researchers and teachers who compare
 * strategies. Each first one is the default, and 0. */
#ifndef FL_MODE_H
#define FL_MODE_H

typedef struct fl_mode {
    const char *name; /* first: a registry is searched by it */
    const char *what; /* one line for people */
} fl_mode;

/* What a worker does that has searched in vain (runtime/core/awake.h). */
enum fl_idle_mode { FL_IDLE_SLEEP, FL_IDLE_YIELD, FL_IDLE_SPIN };

/* The rows, in the order of their enum, ended by NULL. */
extern const fl_mode *const fl_idle_modes[];

#endif
