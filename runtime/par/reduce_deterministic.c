/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deterministic reductions: the tree is fixed (include/filch/reduce.h), but any worker may compute
 * any part of it. A part is a whole subtree. Its owner walks through its leaves from left to right,
 * chunk by chunk, each chunk a subtree, too. A stack holds finished results that wait for their
 * right neighbours, at most one a level, as in a binary counter. If there is idle demand before a
 * chunk, the owner forks the largest subtree that it has not reached. So the tree is shared out as
 * well as a range that is halved (runtime/par/split.h).
 *
 * Positions are counted in blocks from the start of the range. A subtree of level l has 2^l blocks,
 * and begins at a multiple of that; at the end of the range it may have fewer. */
#include <filch/reduce.h>
#include <runtime/engine/panic.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/pace.h>
#include <runtime/par/range.h>
#include <runtime/par/reduce.h>
#include <runtime/par/split.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <stdlib.h>

enum { ROOM = 512 }; /* bytes of results that a frame has room for */

typedef struct tree {
    size_t begin, end, block; /* of indices */
    size_t most;              /* blocks of a chunk, a power of two */
    size_t blocks;
    const filch_reduction *how;
    void *out, *context;
    fl_loop loop; /* that it was stopped */
    bool starved; /* for want of memory */
} tree;

typedef struct part {
    tree *t;
    size_t begin, end;                    /* in blocks */
    size_t chunk;                         /* blocks that a chunk may have, as its pace says */
    enum { KEPT, DONE, STARVED } outcome; /* of a fork: taken back; stolen and run; no memory */
    size_t count;                         /* of results on the stack */
    char *results;                        /* the stack */
    char room[ROOM] FILCH_ALIGNED(16);
} part;

static unsigned highest_bit(size_t n)
{
    return 63 - (unsigned)__builtin_clzll(n);
}

/* The level of the smallest subtree that has room for so many blocks. */
static unsigned level_of(size_t blocks)
{
    return blocks > 1 ? highest_bit(blocks - 1) + 1 : 0;
}

static char *result_at(const part *p, size_t k)
{
    return p->results + k * p->t->how->size;
}

static bool open_part(part *p)
{
    size_t room = p->t->how->size, most = level_of(p->end - p->begin) + 1;
    p->count = 0;
    p->results = p->room;
    if (room > ROOM / most)
        p->results = room > SIZE_MAX / most ? NULL : malloc(room * most);
    return p->results;
}

static void close_part(void *arg)
{
    part *p = arg;
    const filch_reduction *how = p->t->how;
    while (p->count && how->drop)
        how->drop(p->t->context, result_at(p, --p->count));
    if (p->results != p->room)
        free(p->results);
}

static void close_stolen(void *arg)
{
    const part *p = arg;
    if (p->outcome == DONE)
        close_part(arg);
}

/* The result of the subtree from begin to end is on top of the stack: combines all pairs that are
 * complete. */
static void combine(part *p, size_t begin, size_t end, unsigned level)
{
    for (; p->count > 1; level++) {
        bool right = begin >> level & 1;
        if (!right && end < p->t->blocks)
            return;
        if (right) {
            p->count--;
            p->t->how->join(p->t->context, result_at(p, p->count - 1), result_at(p, p->count));
            begin -= (size_t)1 << level;
        }
    }
}

static void starve(tree *t)
{
    if (fl_loop_stop(&t->loop, -ENOMEM))
        t->starved = true;
}

/* Computes the blocks from begin to end, which are a subtree. */
static void compute(filch_self self, part *p, size_t begin, size_t end)
{
    tree *t = p->t;
    const filch_reduction *how = t->how;
    void *result = result_at(p, p->count);
    size_t last = end < t->blocks ? t->begin + end * t->block : t->end;
    if (!how->make(t->context, result)) {
        starve(t);
        return;
    }
    p->count++;
    int code = how->chunk(self, t->begin + begin * t->block, last, t->context, result);
    combine(p, begin, end, level_of(end - begin));
    if (code)
        fl_loop_stop(&t->loop, code);
}

/* The end of the largest subtree from begin that goes no further than until, and is a chunk. */
static size_t subtree(const tree *t, size_t begin, size_t until)
{
    size_t left = until - begin, most = begin & -begin; /* how large one from here can be */
    if (!begin || most > t->most)
        most = t->most;
    if (left > most)
        return begin + most;
    return until == t->blocks ? until : begin + ((size_t)1 << highest_bit(left));
}

/* Computes about as much from begin on as the pace allows, but ends where large subtrees do.
 * Returns the end. */
static size_t compute_some(filch_self self, part *p, size_t begin, size_t end, fl_pace *pace)
{
    size_t some = fl_pace_next(pace, end - begin), first = begin, until = end, next;
    size_t unit = (size_t)1 << highest_bit(some);
    if (some + unit / 2 < end - begin)
        until = (begin + some + unit / 2) & -unit;
    for (; begin < until && !fl_loop_stopped(&p->t->loop); begin = next) {
        next = subtree(p->t, begin, until);
        compute(self, p, begin, next);
    }
    if (until < end)
        fl_pace_ran(pace, until - first, fl_ticks(), FL_TICKS_PER_US);
    return until;
}

static void run(filch_self self, part *p, size_t begin, size_t end, fl_pace *pace);

FILCH_VOID_TASK(piece, (part *, p))
{
    fl_pace pace = fl_pace_resume(p->chunk, 0, fl_ticks());
    p->outcome = open_part(p) ? DONE : STARVED;
    if (p->outcome == DONE)
        run(self, p, p->begin, p->end, &pace);
}

static void keep(filch_self self, part *p)
{
    (void)self;
    p->outcome = KEPT;
}

/* Forks the largest subtree behind the one that begin is in; returns where to go on. */
static size_t split(filch_self self, part *p, size_t begin, size_t end, fl_pace *pace)
{
    unsigned level = highest_bit(begin ^ (end - 1));
    part upper;
    upper.t = p->t;
    upper.begin = (end - 1) >> level << level;
    upper.end = end;
    upper.chunk = pace->chunk;
    upper.outcome = KEPT;
    FL_ON_PANIC(close_stolen, &upper);
    fl_pace_shared(pace);
    FILCH_FORK(piece, &upper);
    run(self, p, begin, upper.begin, pace);
    FL_JOIN_OR(piece, keep);
    pace->since = fl_ticks();
    pace->alone = pace->alone || upper.outcome == STARVED;
    if (upper.outcome != DONE)
        return upper.begin;
    if (!fl_loop_stopped(&p->t->loop)) {
        memcpy(result_at(p, p->count++), result_at(&upper, 0), p->t->how->size);
        upper.count = 0;
        combine(p, upper.begin, upper.end, level);
    }
    close_part(&upper);
    return end;
}

static void run(filch_self self, part *p, size_t begin, size_t end, fl_pace *pace)
{
    FL_ON_PANIC(fl_loop_break, &p->t->loop);
    while (begin < end && !fl_loop_stopped(&p->t->loop)) {
        fl_heed(self);
        if (fl_pace_may_split(pace, end - begin) && fl_idle_demand(self)) {
            begin = split(self, p, begin, end, pace);
            continue;
        }
        begin = compute_some(self, p, begin, end, pace);
    }
}

FILCH_TASK(int, run_tree, (tree *, t))
{
    part root;
    root.t = t;
    root.begin = 0;
    root.end = t->blocks;
    if (!open_part(&root)) {
        t->starved = true;
        return -ENOMEM;
    }
    FL_ON_PANIC(close_part, &root);
    fl_pace pace = fl_pace_start(0, fl_ticks());
    if (t->blocks)
        run(self, &root, 0, t->blocks, &pace);
    else if (t->how->make(t->context, root.results))
        root.count = 1;
    else
        starve(t);
    int code = fl_loop_stopped(&t->loop);
    if (!code) {
        memcpy(t->out, root.results, t->how->size);
        root.count = 0;
    }
    close_part(&root);
    return code;
}

static int reduce(filch_self self, filch_runtime *rt, tree *t)
{
    const char *who = "filch_reduce_deterministic";
    int rc = fl_reduce_refuse(who, t->begin, t->end, t->how, t->out);
    if (rc)
        return rc;
    if (!t->block || t->most < t->block)
        return fl_fail(EINVAL,
                       "%s: a block of %zu items, or a limit of %zu, is out of range; give a block "
                       "of 1 or more, and a limit of at least one block",
                       who, t->block, t->most);
    size_t n = t->end - t->begin;
    t->blocks = n / t->block + (n % t->block != 0);
    t->most = (size_t)1 << highest_bit(t->most / t->block);
    rc = fl_enter(who, self, rt, &run_tree_task, t);
    return fl_reduce_told(who, t->how, t->starved, rc);
}

int filch_reduce_deterministic(filch_self self, size_t begin, size_t end, size_t block, size_t most,
                               const filch_reduction *how, void *out, void *context)
{
    FL_GIVEN(how);
    tree t = {begin, end, block, most, .how = how, .out = out, .context = context};
    return reduce(self, NULL, &t);
}

int fl_run_reduce_deterministic(filch_runtime *rt, size_t begin, size_t end, size_t block,
                                size_t most, const filch_reduction *how, void *out, void *context)
{
    FL_GIVEN_IN("filch_reduce_deterministic", how);
    tree t = {begin, end, block, most, .how = how, .out = out, .context = context};
    return reduce(NULL, rt, &t);
}
