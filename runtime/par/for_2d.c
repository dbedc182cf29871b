/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Loops over blocks of a plane, which is halved along the longer side until a block takes as long
 * as the splitter's chunk (runtime/par/pace.h, counted in cells). So cells that are worked on
 * together lie together, at any cache size (Frigo, Leiserson, Prokop, Ramachandran: Cache-oblivious
 * algorithms, FOCS 1999). As in the splitter, a half is forked only while there is idle demand. */
#include <filch/for.h>
#include <runtime/engine/panic.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/pace.h>
#include <runtime/par/range.h>
#include <runtime/par/split.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>

typedef struct block {
    size_t i_begin, i_end, j_begin, j_end;
} block;

typedef struct plane {
    filch_for_2d_fn *body;
    void *context;
    fl_loop loop; /* that it was stopped */
} plane;

static size_t cells(const block *b)
{
    size_t high = b->i_end - b->i_begin, wide = b->j_end - b->j_begin;
    return wide && high > SIZE_MAX / wide ? SIZE_MAX : high * wide;
}

/* Leaves the lower half in *b and returns the upper one. */
static block cut(block *b)
{
    block upper = *b;
    if (b->i_end - b->i_begin > b->j_end - b->j_begin)
        upper.i_begin = b->i_end = b->i_begin + (b->i_end - b->i_begin) / 2;
    else
        upper.j_begin = b->j_end = b->j_begin + (b->j_end - b->j_begin) / 2;
    return upper;
}

static void leaf(filch_self self, plane *p, const block *b, fl_pace *pace)
{
    FL_ON_PANIC(fl_loop_break, &p->loop);
    int code = p->body(self, b->i_begin, b->i_end, b->j_begin, b->j_end, p->context);
    if (code)
        fl_loop_stop(&p->loop, code);
    fl_pace_ran(pace, cells(b), fl_ticks(), FL_TICKS_PER_US);
}

static void run(filch_self self, plane *p, block b, fl_pace *pace);

FILCH_VOID_TASK(piece, (plane *, p), (const block *, b), (size_t, chunk))
{
    fl_pace pace = fl_pace_resume(chunk, 0, fl_ticks());
    run(self, p, *b, &pace);
}

static void run(filch_self self, plane *p, block b, fl_pace *pace)
{
    for (size_t left = cells(&b); left && !fl_loop_stopped(&p->loop); left = cells(&b)) {
        fl_heed(self);
        if (left <= pace->chunk || left == 1) {
            leaf(self, p, &b, pace);
            return;
        }
        block upper = cut(&b);
        if (fl_pace_may_split(pace, left) && fl_idle_demand(self)) {
            FILCH_FORK(piece, p, &upper, pace->chunk);
            run(self, p, b, pace);
            FILCH_JOIN_VOID(piece);
            pace->since = fl_ticks();
            return;
        }
        run(self, p, b, pace);
        b = upper;
    }
}

typedef struct for_2d_call {
    plane p;
    block b;
} for_2d_call;

/* One cell, then the rest of its row, show how long a cell takes before the first block is cut. */
FILCH_TASK(int, run_for_2d, (for_2d_call *, call))
{
    plane *p = &call->p;
    const block b = call->b;
    if (!cells(&b))
        return 0;
    fl_pace pace = fl_pace_start(0, fl_ticks());
    run(self, p, (block){b.i_begin, b.i_begin + 1, b.j_begin, b.j_begin + 1}, &pace);
    run(self, p, (block){b.i_begin, b.i_begin + 1, b.j_begin + 1, b.j_end}, &pace);
    run(self, p, (block){b.i_begin + 1, b.i_end, b.j_begin, b.j_end}, &pace);
    return fl_loop_stopped(&p->loop);
}

static int refuse(const for_2d_call *call)
{
    int rc = fl_range_refuse("filch_for_2d, rows", call->b.i_begin, call->b.i_end);
    if (!rc)
        rc = fl_range_refuse("filch_for_2d, columns", call->b.j_begin, call->b.j_end);
    if (!rc && !call->p.body)
        rc = fl_fail(EINVAL, "filch_for_2d without a body; pass one");
    return rc;
}

int filch_for_2d(filch_self self, size_t i_begin, size_t i_end, size_t j_begin, size_t j_end,
                 filch_for_2d_fn *body, void *context)
{
    for_2d_call call = {{body, context, {0}}, {i_begin, i_end, j_begin, j_end}};
    int rc = refuse(&call);
    return rc ? rc : fl_enter("filch_for_2d", self, NULL, &run_for_2d_task, &call);
}

int fl_run_for_2d(filch_runtime *rt, size_t i_begin, size_t i_end, size_t j_begin, size_t j_end,
                  filch_for_2d_fn *body, void *context)
{
    for_2d_call call = {{body, context, {0}}, {i_begin, i_end, j_begin, j_end}};
    int rc = refuse(&call);
    return rc ? rc : fl_enter("filch_for_2d", NULL, rt, &run_for_2d_task, &call);
}
