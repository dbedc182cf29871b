/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A schedule that was kept, followed once more: to show it, or under gdb. */
#ifndef EXPLORE_REPLAY_H
#define EXPLORE_REPLAY_H

#include "options.h"
#include "schedule.h"

/* Reads --replay: 0, or -errno after a message. */
int replay_load(schedule *s, const explore_options *o);
/* Follows it and tells how the run went. The exit status of the command. */
int replay_show(const schedule *s, const explore_options *o);
/* Becomes gdb, which runs the program to its failure. Returns 2 after a message. */
int replay_in_gdb(const schedule *s, const explore_options *o);

#endif
