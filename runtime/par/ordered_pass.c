/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/ordered_pass.h>

#include <filch/task.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/runtime.h>
#include <runtime/par/pace.h>
#include <runtime/par/split.h>
#include <runtime/platform/clock.h>

/* A section of 8 MiB is in the last cache of any server and most desktops while it is worked on,
 * and lasts long enough that its fork and join do not count. */
enum {
#ifdef FILCH_TINY
    BLOCK_BYTES = 1 << 9,
    BLOCKS = 8,
#else
    BLOCK_BYTES = 1 << 16,
    BLOCKS = 128,
#endif
    BLOCKS_A_WORKER = 16, /* at least, where there are many workers */
    LEFT_A_WORKER = 8,    /* blocks, at least, into which the rest of a range is cut */
    CHUNKS_A_BLOCK = 4    /* of FL_PACE_CHUNK microseconds, at most */
};

/* [begin, end) in blocks of `block` items; the last may be shorter. Blocks from `first` on are
 * settled, but not finished. */
typedef struct section {
    size_t begin, end, block;
    uint32_t first, blocks;
    unsigned half; /* of the places for sums and items: two sections are in use at a time */
} section;

/* Shared by caller and helpers while a section is passed; lies in the caller's frame. Each word
 * only says which end owns which blocks. */
typedef struct shift {
    const fl_pass *pass;
    void *context;
    section now, before;
    size_t sums, items; /* of each half */
    unsigned workers;
    fl_loop loop; /* that it was stopped */
    char apart1[FILCH_APART];
    filch_u64 taken;     /* blocks of `now`: at the front, and times 2^32 at the back */
    filch_u32 finishing; /* blocks of `before` */
    char apart2[FILCH_APART];
} shift;

static fl_block block_of(const shift *s, const section *of, uint32_t k)
{
    fl_block b;
    b.begin = of->begin + k * of->block;
    b.end = of->end - b.begin > of->block ? b.begin + of->block : of->end;
    b.sum = of->half * s->sums + (of->blocks - 1 - k);
    b.room = of->half * s->items + (of->end - b.end); /* from the back: the same memory each time */
    return b;
}

static uint32_t unfinished(const section *of)
{
    return of->blocks - of->first;
}

static bool finish_one(shift *s)
{
    uint32_t k = filch_u32_add(&s->finishing, 1, FILCH_RELAXED); /* only one gets it */
    if (k >= unfinished(&s->before) || fl_loop_stopped(&s->loop))
        return false;
    fl_block b = block_of(s, &s->before, s->before.first + k);
    s->pass->finish(&b, s->context);
    return true;
}

/* An addition after which both ends together have taken at most all blocks wins a block, and no
 * addition before it was lost. */
static bool take(shift *s, uint64_t one, uint32_t *front, uint32_t *back)
{
    uint64_t was = filch_u64_add(&s->taken, one, FILCH_RELAXED); /* only one gets it */
    *front = (uint32_t)was;
    *back = (uint32_t)(was >> 32);
    return *front + *back < s->now.blocks && !fl_loop_stopped(&s->loop);
}

static bool sum_one(filch_self self, shift *s)
{
    uint32_t front, back;
    if (!take(s, (uint64_t)1 << 32, &front, &back))
        return false;
    fl_block b = block_of(s, &s->now, s->now.blocks - 1 - back);
    int code = s->pass->ahead(self, &b, s->context);
    if (code)
        fl_loop_stop(&s->loop, code);
    return true;
}

/* Run by a join when no helper has come. */
static void nobody(filch_self self, shift *s, unsigned helpers)
{
    (void)self, (void)s, (void)helpers;
}

/* A helper: first it lets the next one in. */
FILCH_VOID_TASK(help, (shift *, s), (unsigned, helpers))
{
    FL_ON_PANIC(fl_loop_break, &s->loop);
    if (helpers + 1 < s->workers) {
        FILCH_FORK(help, s, helpers + 1);
        while (finish_one(s))
            fl_heed(self);
        while (sum_one(self, s))
            fl_heed(self);
        FL_JOIN_OR(help, nobody);
        return;
    }
    while (finish_one(s))
        ;
    while (sum_one(self, s))
        ;
}

/* Passes the caller's part of `now`; returns its number of blocks. */
static uint32_t pass_front(filch_self self, shift *s, fl_pace *pace)
{
    uint32_t front, back;
    pace->since = fl_ticks();
    while (take(s, 1, &front, &back)) {
        fl_block b = block_of(s, &s->now, front);
        int code = s->pass->front(self, b.begin, b.end, s->context);
        if (code)
            fl_loop_stop(&s->loop, code);
        fl_heed(self);
    }
    if (front)
        fl_pace_ran(pace, front * s->now.block, fl_ticks(), FL_TICKS_PER_US);
    return front;
}

static void pass_section(filch_self self, shift *s, fl_pace *pace)
{
    filch_u64_store(&s->taken, 0, FILCH_RELAXED);     /* not yet shared */
    filch_u32_store(&s->finishing, 0, FILCH_RELAXED); /* not yet shared */
    FILCH_FORK(help, s, 1);
    FL_ON_PANIC(fl_loop_break, &s->loop);
    s->now.first = pass_front(self, s, pace);
    while (finish_one(s))
        fl_heed(self);
    FL_JOIN_OR(help, nobody);
    if (fl_loop_stopped(&s->loop))
        return;
    for (uint32_t k = s->now.first; k < s->now.blocks; k++) {
        fl_block b = block_of(s, &s->now, k);
        s->pass->settle(&b, s->context);
    }
    s->before = s->now;
    pace->since = fl_ticks();
}

static size_t most_items(const fl_pass *pass)
{
    size_t most = BLOCK_BYTES / pass->size;
    return most > pass->least ? most : pass->least;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The next section: [begin, ...) of a range that ends at n. */
static section cut(const shift *s, const fl_pace *pace, size_t begin, size_t n)
{
    section next = {.begin = begin, .end = n, .half = 1 - s->before.half};
    size_t left = n - begin;
    next.block = least_of(left / LEFT_A_WORKER / s->workers, most_items(s->pass));
    if (pace->chunk < next.block / CHUNKS_A_BLOCK)
        next.block = pace->chunk * CHUNKS_A_BLOCK;
    if (next.block < s->pass->least)
        next.block = s->pass->least;
    if (left / next.block >= s->sums)
        next.end = begin + s->sums * next.block;
    next.blocks = (uint32_t)((next.end - begin + next.block - 1) / next.block);
    return next;
}

static bool prepare(shift *s, size_t left)
{
    size_t many = (size_t)s->workers * BLOCKS_A_WORKER;
    s->sums = many > BLOCKS ? many : BLOCKS;
    s->items = least_of(left, s->sums * most_items(s->pass));
    return s->pass->make(2 * s->sums, 2 * s->items, s->context);
}

/* The state of a pass while nobody helps: that of a plain loop, and a clock. */
typedef struct walk {
    const fl_pass *pass;
    void *context;
    size_t at, n;
    int code;
    fl_pace pace;
} walk;

/* Passes on until the rest is worth sharing, or all is passed. */
static void walk_alone(filch_self self, walk *w)
{
    fl_pace *pace = &w->pace;
    while (w->at < w->n && !w->code) {
        fl_heed(self);
        size_t left = w->n - w->at;
        if (fl_pace_may_split(pace, left) && fl_idle_demand(self))
            return;
        size_t some = pace->alone ? least_of(most_items(w->pass), left) : fl_pace_next(pace, left);
        w->code = w->pass->front(self, w->at, w->at + some, w->context);
        w->at += some;
        if (w->at < w->n && !pace->alone)
            fl_pace_ran(pace, some, fl_ticks(), FL_TICKS_PER_US);
    }
}

/* Section by section; alone again when there is no idle demand any more. */
static void walk_together(filch_self self, walk *w, unsigned workers)
{
    shift s = {.pass = w->pass, .context = w->context, .workers = workers};
    w->pace.alone = !prepare(&s, w->n - w->at);
    for (;;) {
        if (!unfinished(&s.before))
            walk_alone(self, w);
        if (w->code || (w->at == w->n && !unfinished(&s.before)))
            return;
        s.now = cut(&s, &w->pace, w->at, w->n);
        w->at = s.now.end;
        pass_section(self, &s, &w->pace);
        w->code = fl_loop_stopped(&s.loop);
    }
}

int fl_pass_run(filch_self self, const fl_pass *pass, size_t n, void *context)
{
    walk w = {pass, context, 0, n, 0, fl_pace_start(0, fl_ticks())};
    unsigned workers = fl_workers(fl_fiber_of(self)->worker->rt);
    w.pace.least = pass->least;
    w.pace.alone = workers == 1;
    walk_alone(self, &w);
    if (w.at < n && !w.code)
        walk_together(self, &w, workers);
    return w.code;
}
