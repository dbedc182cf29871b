/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: label processor in emulated
 *
 * Trees and loops in which tasks panic at random, while others steal, wait and panic, too. */
#include <filch/panic.h>
#include <filch/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static uint64_t seed;
static filch_u32 inside; /* tasks that have begun and whose cleanup has not run */

/* ---- Trees: node n has the children 2 n and 2 n + 1; some panic, some catch ---- */

enum { LEVELS = 9, NODES = 1 << LEVELS, TREES = 100, ALIVE = 0x600d };

static uint64_t random_of(uint32_t node)
{
    return stress_mix(seed + node);
}

static bool fatal(uint32_t node)
{
    return random_of(node) % 128 == 0;
}

static bool catches(uint32_t node)
{
    return random_of(node) % 16 == 1;
}

/* Has a panic in this node or below it, outside of what is caught, to come to its parent? */
static bool fails(uint32_t node)
{
    if (node >= NODES)
        return false;
    return fatal(node) || (!catches(node) && (fails(2 * node) || fails(2 * node + 1)));
}

static bool is_below(uint32_t node, uint32_t top)
{
    while (node > top)
        node /= 2;
    return node == top;
}

typedef struct frame {
    uint32_t node;
    filch_u32 alive; /* ALIVE until its cleanup has run */
} frame;

static void leave(void *arg)
{
    frame *f = arg;
    filch_u32_store(&f->alive, 0, FILCH_RELEASE);
    filch_u32_add(&inside, UINT32_MAX, FILCH_ACQ_REL);
}

static void expect_alive(const frame *f)
{
    if (filch_u32_load(&f->alive, FILCH_ACQUIRE) != ALIVE)
        filch_die("a task runs when its parent's frame is gone; see test_panics.c");
}

static void visit(filch_self self, frame *parent, uint32_t node);

FILCH_VOID_TASK(visit_task, (frame *, parent), (uint32_t, node))
{
    visit(self, parent, node);
}

static void visit_children(filch_self self, void *arg)
{
    frame *f = arg;
    FILCH_FORK(visit_task, f, 2 * f->node);
    if (random_of(f->node) % 32 == 2)
        filch_yield(self); /* flushes */
    visit(self, f, 2 * f->node + 1);
    FILCH_JOIN_VOID(visit_task);
}

static void try_children(filch_self self, frame *f)
{
    filch_failure failure = {.code = 0};
    int code = filch_try(self, visit_children, f, &failure);
    bool expected = fails(2 * f->node) || fails(2 * f->node + 1);
    uint32_t culprit = (uint32_t)-code;
    if (expected != (code < 0) ||
        (expected && (!fatal(culprit) || !is_below(culprit, f->node) || failure.code != code)))
        filch_die("node %u caught %d; see test_panics.c", f->node, code);
}

static void visit(filch_self self, frame *parent, uint32_t node)
{
    if (node >= NODES)
        return;
    frame f = {node, {ALIVE}};
    filch_u32_add(&inside, 1, FILCH_RELAXED);
    FILCH_DEFER(leave, &f);
    if (fatal(node) && random_of(node) % 256 == 0)
        FILCH_PANIC(-(int)node, "node %u", node);
    stress_dawdle(random_of(node));
    if (catches(node))
        try_children(self, &f);
    else
        visit_children(self, &f);
    expect_alive(parent);
    if (fatal(node))
        FILCH_PANIC(-(int)node, "node %u, after its children", node);
}

static void visit_root(filch_self self, void *root)
{
    visit(self, root, 1);
}

FILCH_TASK(int, try_tree)
{
    frame root = {0, {ALIVE}};
    return filch_try(self, visit_root, &root, NULL);
}

static void trees_on(filch_runtime *rt, const char *name)
{
    for (unsigned i = 0; i < stress_times(TREES); i++) {
        seed = stress_mix(seed);
        int code = FILCH_RUN(rt, try_tree);
        cr_assert_eq(code < 0, fails(1), "%s: %d", name, code);
        cr_assert(!code || fatal((uint32_t)-code), "%s: %d", name, code);
        cr_assert_eq(signpost_count(&inside), 0, "%s: cleanups are missing", name);
    }
}

Test(panics, panicking_trees_keep_frames_and_cleanups, .timeout = 100)
{
    seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        trees_on(rt, stress_name(i));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Loops that many have stolen from ---- */

enum { ITERATIONS = 20000, LOOPS = 30 };

static signpost over;
static size_t fatal_index;

FILCH_FOR(work, i, (frame *, caller))
{
    expect_alive(caller);
    stress_dawdle(stress_mix(seed + i));
    if (signpost_count(&over))
        filch_die("a body runs when its loop is over; see test_panics.c");
    if (i == fatal_index || stress_mix(seed ^ i) % 50000 == 0)
        FILCH_PANIC(-1, "index %zu", i);
}

static void loop(filch_self self, void *arg)
{
    frame *f = arg;
    work(self, 0, ITERATIONS, f);
}

FILCH_TASK(int, try_loop)
{
    frame f = {0, {ALIVE}};
    return filch_try(self, loop, &f, NULL);
}

static void loops_on(filch_runtime *rt, const char *name)
{
    for (unsigned i = 0; i < stress_times(LOOPS); i++) {
        seed = stress_mix(seed);
        fatal_index = (size_t)(seed % ITERATIONS);
        filch_u32_store(&over, 0, FILCH_RELEASE);
        cr_assert_eq(FILCH_RUN(rt, try_loop), -1, "%s", name);
        signpost_raise(&over);
    }
}

Test(panics, caught_panic_ends_stolen_loop, .timeout = 100)
{
    seed = stress_seed();
    for (unsigned i = 0; i < STRESS_CONFIGS; i++) {
        filch_runtime *rt = stress_runtime(i, seed);
        loops_on(rt, stress_name(i));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Detached tasks ---- */

enum { TASKS = 20000 };

static signpost reported, ended;

static void count_report(const filch_failure *failure)
{
    signpost_raise(&reported);
}

static void raise_ended(void *unused)
{
    signpost_raise(&ended);
}

static void detached(filch_self self, void *number)
{
    FILCH_DEFER(raise_ended, NULL);
    if ((uintptr_t)number % 2)
        FILCH_PANIC(-1, "task %zu", (size_t)(uintptr_t)number);
}

static void go_on(filch_runtime *rt, const char *name)
{
    unsigned times = stress_times(TASKS) & ~1u;
    filch_u32_store(&reported, 0, FILCH_RELEASE);
    filch_u32_store(&ended, 0, FILCH_RELEASE);
    for (uintptr_t i = 0; i < times; i++)
        OK(filch_go(rt, detached, (void *)i));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&reported), times / 2, "%s", name);
    cr_assert_eq(signpost_count(&ended), times, "%s", name);
}

Test(panics, detached_panics_are_reported_once, .timeout = 100)
{
    seed = stress_seed();
    filch_set_panic_handler(count_report);
    for (unsigned i = 0; i < STRESS_CONFIGS; i++)
        go_on(stress_runtime(i, seed), stress_name(i));
}
