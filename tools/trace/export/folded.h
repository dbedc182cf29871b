/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The waiting time of tasks as folded stacks, which flame graphs are made of (B. Gregg, FlameGraph): a line
 * for each different "task;call;by the task that ended the wait", with the sum in ns. The last frame is left
 * out if no task ended the wait, as for timers. */
#ifndef TRACE_FOLDED_H
#define TRACE_FOLDED_H

#include <tools/trace/read.h>

#include <stdio.h>

/* 0, or -ENOMEM. *why is left as it is. */
int folded_write(trace_file *trace, FILE *out, const char **why);

#endif
