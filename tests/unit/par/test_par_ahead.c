/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Passes in order: regardless of the thread that works ahead, each item is passed once, and blocks
 * are settled in order. */
#include <runtime/par/ordered_pass.h>
#include <tests/support/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { STOPPED = 7 };

typedef struct trace {
    size_t n;
    unsigned char *passed; /* how often each item was */
    size_t next;           /* the first that was neither passed nor settled */
    size_t *sums, *room;
    bool refuse, wait; /* no memory; the caller waits for a helper */
    bool late;         /* the caller has come to its later items */
    int front_code, ahead_code;
    filch_u32 ahead, wrong;
} trace;

static void expect(trace *t, bool right)
{
    if (!right)
        filch_u32_add(&t->wrong, 1, FILCH_RELAXED);
}

static bool make(size_t sums, size_t items, void *context)
{
    trace *t = context;
    if (t->refuse)
        return false;
    t->sums = calloc(sums, sizeof *t->sums);
    t->room = calloc(items, sizeof *t->room);
    return t->sums && t->room;
}

static void mark(trace *t, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        t->passed[i]++;
}

static int front(filch_self self, size_t begin, size_t end, void *context)
{
    trace *t = context;
    expect(t, begin == t->next && begin < end);
    t->next = end;
    mark(t, begin, end);
    WAIT_WHILE(t->wait && begin >= t->n / 8 && !filch_u32_load(&t->ahead, FILCH_ACQUIRE));
    t->late = begin >= t->n / 4;
    return t->late ? t->front_code : 0;
}

static int ahead(filch_self self, const fl_block *block, void *context)
{
    trace *t = context;
    expect(t, block->begin < block->end && !t->passed[block->begin]);
    t->sums[block->sum] = block->begin;
    for (size_t i = block->begin; i < block->end; i++)
        t->room[block->room + i - block->begin] = i;
    filch_u32_add(&t->ahead, 1, FILCH_RELEASE);
    return t->ahead_code;
}

static void settle(const fl_block *block, void *context)
{
    trace *t = context;
    expect(t, block->begin == t->next && t->sums[block->sum] == block->begin);
    t->sums[block->sum] = block->end;
    t->next = block->end;
}

static void finish(const fl_block *block, void *context)
{
    trace *t = context;
    expect(t, t->sums[block->sum] == block->end);
    for (size_t i = block->begin; i < block->end; i++)
        expect(t, t->room[block->room + i - block->begin] == i);
    mark(t, block->begin, block->end);
}

FILCH_TASK(int, pass, (trace *, t), (size_t, size), (size_t, least))
{
    const fl_pass how = {size, least, make, front, ahead, settle, finish};
    return fl_pass_run(self, &how, t->n, t);
}

static int run(filch_runtime *rt, trace *t, size_t size, size_t least)
{
    t->passed = calloc(t->n + 1, 1);
    cr_assert(t->passed);
    int code = FILCH_RUN(rt, pass, t, size, least);
    cr_assert_eq(filch_u32_load(&t->wrong, FILCH_RELAXED), 0);
    size_t twice = 0, never = 0;
    for (size_t i = 0; i < t->n; i++) {
        twice += t->passed[i] > 1;
        never += !t->passed[i];
    }
    cr_assert_eq(twice, 0);
    if (!code)
        cr_assert(never == 0 && t->next == t->n, "%zu of %zu were not passed", never, t->n);
    free(t->passed);
    free(t->sums);
    free(t->room);
    return code;
}

Test(par_ahead, items_pass_once_blocks_in_order)
{
    static const size_t sizes[] = {1, 8, 40, 5000, 100000};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(40); times; times--) {
            trace t = {.n = par_size(&state, 1000000)};
            size_t size = sizes[par_random(&state) % 5], least = 1 + par_random(&state) % 20;
            cr_assert_eq(run(rt, &t, size, least), 0);
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_ahead, helpers_work_ahead_of_a_caller)
{
    for (unsigned k = 1; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        trace t = {.n = 1 << 20, .wait = true};
        cr_assert_eq(run(rt, &t, 8, 1), 0);
        cr_assert(filch_u32_load(&t.ahead, FILCH_RELAXED));
        filch_runtime_destroy(rt);
    }
}

Test(par_ahead, without_memory_the_caller_passes_all)
{
    filch_runtime *rt = par_runtime(2);
    trace t = {.n = 1 << 20, .refuse = true};
    cr_assert_eq(run(rt, &t, 8, 1), 0);
    cr_assert_not(filch_u32_load(&t.ahead, FILCH_RELAXED));
    filch_runtime_destroy(rt);
}

Test(par_ahead, code_from_anywhere_stops_pass)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        trace at_front = {.n = 1 << 20, .front_code = STOPPED};
        int code = run(rt, &at_front, 8, 1);
        cr_assert_eq(code, at_front.late ? STOPPED : 0); /* helpers may have had all those */
        trace at_helper = {.n = 1 << 20, .ahead_code = STOPPED, .wait = config_workers[k] > 1};
        cr_assert_eq(run(rt, &at_helper, 8, 1), config_workers[k] > 1 ? STOPPED : 0);
        filch_runtime_destroy(rt);
    }
}
