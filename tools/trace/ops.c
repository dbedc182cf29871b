/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ops.h"

#include <stdlib.h>

static void *grow(trace_ops *ops, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room ? 2 * *room : 256;
    void *grown = reallocarray(list, more, size);
    if (grown)
        *room = more;
    else
        ops->is_short = true;
    return grown ? grown : list;
}

uint32_t ops_number(trace_ops *ops)
{
    return ops ? ++ops->tasks : 0;
}

void ops_note(trace_ops *ops, frame *by, enum trace_op_kind kind, uint32_t other)
{
    if (!ops)
        return;
    ops->list = grow(ops, ops->list, ops->count, &ops->room, sizeof *ops->list);
    if (ops->is_short)
        return;
    ops->list[ops->count++] = (trace_op){by->unnoted, by->task, other, kind};
    by->unnoted = 0;
}

uint32_t ops_root(trace_ops *ops, int64_t ns)
{
    if (!ops)
        return 0;
    ops->root = grow(ops, ops->root, ops->roots, &ops->root_room, sizeof *ops->root);
    if (ops->is_short)
        return 0;
    ops->root[ops->roots++] = (trace_root){++ops->tasks, ns, 0};
    return ops->tasks;
}

/* A thread may call again before the end of its last call is recorded. */
static bool overlaps(const trace_root *one, const trace_root *next)
{
    return next->began < one->ended - (one->ended - one->began) / 10;
}

void ops_root_end(trace_ops *ops, uint32_t task, int64_t ns)
{
    for (size_t i = ops ? ops->roots : 0; i-- > 0;) {
        trace_root *root = &ops->root[i];
        if (root->task == task)
            root->ended = ns;
        if (root->task == task && i + 1 < ops->roots && overlaps(root, root + 1))
            ops_refuse(ops, "two calls from outside ran at the same time");
    }
}

void ops_refuse(trace_ops *ops, const char *why)
{
    if (ops && !ops->refusal)
        ops->refusal = why;
}

void ops_free(trace_ops *ops)
{
    free(ops->list);
    free(ops->root);
    *ops = (trace_ops){0};
}
