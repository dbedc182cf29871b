/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Times by the task that waits, the call in which it waits, and the task that made it ready. */
#ifndef TRACE_STACKS_H
#define TRACE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STACK_BY_THREAD UINT32_MAX /* a thread outside made it ready */

typedef struct stack {
    uint32_t task, call, by; /* names; by 0: not known */
    int64_t ns;
} stack;

/* Zero bytes: empty. */
typedef struct stacks {
    stack *list;
    size_t count, room;
} stacks;

/* false: no memory. */
bool stacks_add(stacks *all, stack one);
/* Makes one of those that differ in their time only; the longest first. */
void stacks_fold(stacks *all);
void stacks_free(stacks *all);

#endif
