/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/split.h>

#include <filch/task.h>
#include <runtime/core/clock.h>
#include <runtime/core/worker.h>
#include <sched/pace.h>
#include <stdlib.h>

enum { ROOM = 64 }; /* bytes of a sum that a frame has room for */

static void run(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace pace, void *sum);

FILCH_VOID_TASK(piece, (fl_loop *, loop), (size_t, begin), (size_t, end), (size_t, chunk),
                (void *, sum))
{
    run(self, loop, begin, end, fl_pace_resume(chunk, loop->hint, fl_ticks()), sum);
}

bool fl_hungry(filch_self self)
{
    return fl_forkstack_bare(self) && fl_fiber_of(self)->worker->rt->workers > 1;
}

void fl_heed(filch_self self)
{
    fl_fiber *fiber = fl_fiber_of(self);
    if (fl_forkstack_requested(&fiber->stack))
        fiber->worker->rt->discipline->forked(fiber->worker, self);
}

void fl_loop_stop(fl_loop *loop, int code)
{
    uint32_t none = 0;
    filch_u32_cas(&loop->stopped, &none, (uint32_t)code,
                  FILCH_RELAXED); /* joins order everything else */
}

int fl_loop_stopped(const fl_loop *loop)
{
    return (int)filch_u32_load(&loop->stopped, FILCH_RELAXED); /* a moment later will do */
}

static void *room_for(const fl_sums *sums, void *room)
{
    return sums->size <= ROOM ? room : malloc(sums->size);
}

/* Both halves of the range: the upper one for whoever comes, the lower one here. */
static void split(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace pace, void *sum)
{
    char room[ROOM] FILCH_ALIGNED(16);
    const fl_sums *sums = loop->sums;
    void *right = sums ? room_for(sums, room) : NULL;
    size_t middle = begin + (end - begin) / 2;
    if (sums && !right) {
        pace.alone = true;
        run(self, loop, begin, end, pace, sum);
        return;
    }
    if (sums)
        sums->make(loop->context, right);
    FILCH_FORK(piece, loop, middle, end, pace.chunk, right);
    run(self, loop, begin, middle, pace, sum);
    FILCH_JOIN_VOID(piece);
    if (!sums)
        return;
    sums->join(loop->context, sum, right);
    if (right != room)
        free(right);
}

static void run(filch_self self, fl_loop *loop, size_t begin, size_t end, fl_pace pace, void *sum)
{
    while (begin < end && !fl_loop_stopped(loop)) {
        fl_heed(self);
        if (fl_pace_may_split(&pace, end - begin) && fl_hungry(self)) {
            split(self, loop, begin, end, pace, sum);
            return;
        }
        size_t some = fl_pace_next(&pace, end - begin);
        int code = loop->chunk(self, begin, begin + some, loop->context, sum);
        if (code)
            fl_loop_stop(loop, code);
        begin += some;
        if (begin < end)
            fl_pace_ran(&pace, some, fl_ticks(), FL_TICKS_PER_US);
    }
}

int fl_loop_run(filch_self self, fl_loop *loop, size_t begin, size_t end, void *sum)
{
    run(self, loop, begin, end, fl_pace_start(loop->hint, fl_ticks()), sum);
    return fl_loop_stopped(loop);
}
