/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From forks and joins to rows of phases. While a task is read, each row that is not complete is a
 * level: the row between the newest fork and its join is the innermost one. Phases and children of
 * incomplete rows lie on two stacks, and move to their places when the row, or the phase, is
 * complete. */
#include "replay.h"

#include <tools/trace/ops.h>

#include <errno.h>
#include <stdlib.h>

typedef struct level {
    size_t phase;    /* the first of its phases on the stack */
    picoseconds acc; /* computed since its last fork or join */
    size_t child;    /* of the phase whose children are not all joined: the first on the stack */
    picoseconds before;
    uint32_t children, joined, called;
} level;

typedef struct reader {
    replay *out;
    level *level;
    replay_phase *phase;
    replay_child *child;
    size_t levels, phases, children, level_room, phase_room, child_room;
    bool is_short;
} reader;

/* Room for one more. */
static void *grow(reader *r, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room ? 2 * *room : 64;
    void *grown = more < UINT32_MAX ? reallocarray(list, more, size) : NULL;
    if (grown)
        *room = more;
    else
        r->is_short = true;
    return grown ? grown : list;
}

#define PUSH(r, list, count, room, ...)                                                            \
    do {                                                                                           \
        (list) = grow(r, list, count, &(room), sizeof *(list));                                    \
        if (!(r)->is_short)                                                                        \
            (list)[(count)++] = __VA_ARGS__;                                                       \
    } while (0)

static level *innermost(reader *r)
{
    return &r->level[r->levels - 1];
}

static void open_row(reader *r)
{
    PUSH(r, r->level, r->levels, r->level_room, (level){.phase = r->phases});
}

/* The innermost row is complete: its number, or 0 if it has no phases. */
static uint32_t close_row(reader *r)
{
    replay *out = r->out;
    level l = *innermost(r);
    r->levels--;
    if (l.acc)
        PUSH(r, r->phase, r->phases, r->phase_room, (replay_phase){.before = l.acc});
    if (r->is_short || r->phases == l.phase)
        return 0;
    replay_row row = {(uint32_t)out->phases, (uint32_t)(r->phases - l.phase)};
    for (size_t i = l.phase; i < r->phases; i++)
        PUSH(r, out->phase, out->phases, out->phase_room, r->phase[i]);
    PUSH(r, out->row, out->rows, out->row_room, row);
    r->phases = l.phase;
    return (uint32_t)out->rows - 1;
}

/* The last `count` children of the innermost row's phase are joined: a phase of their own. */
static void close_phase(reader *r, picoseconds before, uint32_t count, uint32_t called)
{
    replay *out = r->out;
    uint32_t first = (uint32_t)out->children;
    r->children -= count;
    for (uint32_t i = 0; i < count && !r->is_short; i++)
        PUSH(r, out->child, out->children, out->child_room, r->child[r->children + i]);
    PUSH(r, r->phase, r->phases, r->phase_room, (replay_phase){before, first, count, called});
}

/* Some children are joined, and more forks follow: the joined ones, and those, are in a row of
 * their own. */
static void split(reader *r)
{
    level *outer = innermost(r);
    uint32_t joined = outer->joined, called = outer->called;
    picoseconds late = outer->acc, before = r->child[r->children - joined].gap;
    outer->children -= joined;
    outer->joined = outer->called = 0;
    outer->acc = 0;
    open_row(r);
    if (r->is_short)
        return;
    close_phase(r, before, joined, called);
    innermost(r)->acc = late;
}

static void on_fork(reader *r, uint32_t task)
{
    if (innermost(r)->joined)
        split(r);
    if (r->is_short)
        return;
    level *l = innermost(r);
    picoseconds before = l->acc;
    bool continues = r->levels > 1 && r->phases == l->phase;
    l->acc = 0;
    if (continues) {
        l[-1].children++;
    } else {
        l->before = before;
        l->children = 1;
        l->child = r->children;
        open_row(r);
    }
    PUSH(r, r->child, r->children, r->child_room, (replay_child){task, before});
}

/* false: it joins another task than the newest. */
static bool on_join(reader *r, uint32_t task)
{
    if (!innermost(r)->joined) {
        if (r->levels < 2)
            return false;
        uint32_t called = close_row(r);
        innermost(r)->called = called;
    }
    level *l = innermost(r);
    if (r->is_short)
        return true;
    if (r->child[l->child + l->children - 1 - l->joined].task != task)
        return false;
    if (++l->joined < l->children)
        return true;
    close_phase(r, l->before, l->children, l->called);
    l->children = l->joined = l->called = 0;
    return true;
}

/* The ops of one task. */
static int read_task(reader *r, const trace_op *op, size_t count, uint32_t *row)
{
    bool ended = false;
    r->levels = r->phases = r->children = 0;
    open_row(r);
    for (size_t i = 0; i < count && !r->is_short; i++) {
        innermost(r)->acc += op[i].ns * PICOSECONDS;
        ended = op[i].kind == TRACE_OP_END;
        if (op[i].kind == TRACE_OP_FORK)
            on_fork(r, op[i].other);
        else if (!ended && !on_join(r, op[i].other))
            return -EINVAL;
    }
    if (r->is_short)
        return -ENOMEM;
    if (!ended || r->levels != 1 || innermost(r)->children)
        return -EINVAL;
    *row = close_row(r);
    return r->is_short ? -ENOMEM : 0;
}

/* The ops by task, each task's in order; first[task] .. first[task + 1] - 1. */
static trace_op *by_task(const trace_ops *ops, size_t *first)
{
    trace_op *sorted = calloc(ops->count + 1, sizeof *sorted);
    for (size_t i = 0; i < ops->count; i++)
        first[ops->list[i].task + 1]++;
    for (size_t task = 1; task <= ops->tasks; task++)
        first[task + 1] += first[task];
    for (size_t i = 0; sorted && i < ops->count; i++)
        sorted[first[ops->list[i].task]++] = ops->list[i];
    for (size_t task = ops->tasks + 1; task > 0; task--)
        first[task] = first[task - 1];
    return sorted;
}

/* One call after another. */
static void add_root(reader *r, const trace_ops *ops)
{
    r->phases = r->levels = 0;
    open_row(r);
    for (size_t i = 0; i < ops->roots; i++)
        PUSH(r, r->phase, r->phases, r->phase_room,
             (replay_phase){.called = r->out->row_of[ops->root[i].task]});
    if (!r->is_short)
        r->out->root = close_row(r);
}

int replay_build(replay *out, const trace_ops *ops)
{
    reader r = {.out = out};
    size_t *first = calloc((size_t)ops->tasks + 3, sizeof *first);
    trace_op *sorted = first ? by_task(ops, first) : NULL;
    out->row_of = calloc((size_t)ops->tasks + 1, sizeof *out->row_of);
    PUSH(&r, out->row, out->rows, out->row_room, (replay_row){0}); /* row 0 has no phases */
    int rc = sorted && out->row_of && !r.is_short ? 0 : -ENOMEM;
    for (uint32_t task = 1; !rc && task <= ops->tasks; task++)
        if (first[task + 1] > first[task])
            rc = read_task(&r, sorted + first[task], first[task + 1] - first[task],
                           &out->row_of[task]);
    if (!rc)
        add_root(&r, ops);
    free(first);
    free(sorted);
    free(r.level);
    free(r.phase);
    free(r.child);
    return r.is_short ? -ENOMEM : rc;
}
