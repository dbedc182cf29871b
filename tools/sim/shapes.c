/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The generators. Random ones draw from a hash of the path to the node (SplitMix64,
 * tools/shared/random.h), so a subtree is the same no matter when, or by which worker, it is
 * unfolded. */
#include "generate.h"

#include <tools/shared/random.h>

#include <math.h>

static picoseconds exactly(double ns)
{
    return (picoseconds)(ns * PICOSECONDS + 0.5);
}

/* The hash of a child: one state for each number below 2^32 of each parent. */
static uint64_t descend(uint64_t state, uint64_t number)
{
    uint64_t mixed = state ^ (number + 1) * 0xd6e8feb86659fd93u;
    return random_next(&mixed);
}

static void hashed_root(const generator *g, node *root)
{
    *root = (node){.state = descend(0, (uint64_t)g->value[0])}; /* the seed comes first */
}

static void hashed_child(const generator *g, const node *parent, uint32_t number, uint32_t child,
                         node *out)
{
    (void)g;
    *out = (node){.state = descend(parent->state, (uint64_t)number << 32 | child),
                  .depth = parent->depth + 1};
}

/* ---- tree ---- */

enum { TREE_FAN, TREE_DEPTH, TREE_LEAF, TREE_NODE };

static void plain_root(const generator *g, node *root)
{
    (void)g;
    *root = (node){0};
}

static void plain_child(const generator *g, const node *parent, uint32_t number, uint32_t child,
                        node *out)
{
    (void)g, (void)number, (void)child;
    *out = (node){.depth = parent->depth + 1};
}

static bool tree_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    bool is_leaf = parent->depth == (uint32_t)g->value[TREE_DEPTH];
    *out = (phase){.before = exactly(g->value[is_leaf ? TREE_LEAF : TREE_NODE]),
                   .children = is_leaf ? 0 : (uint32_t)g->value[TREE_FAN] - 1,
                   .calls = !is_leaf};
    return number == 0;
}

/* Refuses a tree that is too large without counting its tasks one by one. */
static const char *tree_prepare(generator *g)
{
    double tasks = 0, level = 1;
    for (int depth = 0; depth <= (int)g->value[TREE_DEPTH]; depth++) {
        tasks += level;
        level *= g->value[TREE_FAN];
    }
    return tasks <= GENERATOR_TASKS ? NULL
                                    : "it has more than 2,000,000,000 tasks (lower fan or depth)";
}

static const shape tree = {
    .name = "tree",
    .what = "balanced: a task forks all children but the last, and calls that",
    .parameters = {{"fan", "children of a task", 2, 2, 1000, true},
                   {"depth", "of the leaves", 16, 0, 60, true},
                   {"leaf", "ns that a leaf computes", 1000, 0, 1e9, false},
                   {"node", "ns that another task computes first", 0, 0, 1e9, false}},
    .prepare = tree_prepare,
    .root = plain_root,
    .phase = tree_phase,
    .child = plain_child,
};

/* ---- skew ---- */

enum { SKEW_LEAVES, SKEW_PART, SKEW_LEAF, SKEW_NODE };

static void skew_root(const generator *g, node *root)
{
    *root = (node){.state = (uint64_t)g->value[SKEW_LEAVES]};
}

static bool skew_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    bool is_leaf = parent->state == 1;
    *out = (phase){.before = exactly(g->value[is_leaf ? SKEW_LEAF : SKEW_NODE]),
                   .children = !is_leaf,
                   .calls = !is_leaf};
    return number == 0;
}

static void skew_child(const generator *g, const node *parent, uint32_t number, uint32_t child,
                       node *out)
{
    uint64_t part = (uint64_t)((double)parent->state * g->value[SKEW_PART]);
    (void)number;
    part = part ? part : 1;
    *out = (node){.state = child ? parent->state - part : part, .depth = parent->depth + 1};
}

static const shape skew = {
    .name = "skew",
    .what = "skewed: a task forks a part of its leaves, and calls the rest",
    .parameters = {{"leaves", "of the whole tree", 65536, 1, 1e9, true},
                   {"part", "of the leaves in the forked child", 0.1, 0.0001, 0.5, false},
                   {"leaf", "ns that a leaf computes", 1000, 0, 1e9, false},
                   {"node", "ns that another task computes first", 0, 0, 1e9, false}},
    .root = skew_root,
    .phase = skew_phase,
    .child = skew_child,
};

/* ---- uts, uts-deep ---- */

enum { UTS_SEED, UTS_BRANCH, UTS_DEPTH, UTS_NODE };
enum { UTS_MOST_CHILDREN = 100 };

static const char *uts_prepare(generator *g)
{
    g->derived = log(1 - 1 / (1 + g->value[UTS_BRANCH]));
    return NULL;
}

static bool uts_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    uint64_t state = parent->state;
    *out = (phase){.before = exactly(g->value[UTS_NODE])};
    if (parent->depth < (uint32_t)g->value[UTS_DEPTH]) {
        double drawn = floor(log(1 - random_share(&state)) / g->derived);
        out->children = drawn < UTS_MOST_CHILDREN ? (uint32_t)drawn : UTS_MOST_CHILDREN;
    }
    return number == 0;
}

static const shape uts = {
    .name = "uts",
    .what = "geometric, as UTS's T1 (Olivier and others, LCPC 2006), by another hash",
    .parameters = {{"seed", "of the tree", 1, 0, 4294967295, true},
                   {"branch", "mean number of children", 4, 0.01, 64, false},
                   {"depth", "deeper tasks have no children", 8, 0, 100, true},
                   {"node", "ns that a task computes first", 500, 0, 1e9, false}},
    .prepare = uts_prepare,
    .root = hashed_root,
    .phase = uts_phase,
    .child = hashed_child,
};

enum { DEEP_SEED, DEEP_ROOTS, DEEP_CHILDREN, DEEP_CHANCE, DEEP_NODE };

static const char *deep_prepare(generator *g)
{
    return g->value[DEEP_CHILDREN] * g->value[DEEP_CHANCE] < 1
               ? NULL
               : "children x chance is 1 or more, so the tree has no end (valid: below 1)";
}

static bool deep_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    uint64_t state = parent->state;
    bool has = random_share(&state) < g->value[DEEP_CHANCE];
    *out = (phase){.before = exactly(g->value[DEEP_NODE]),
                   .children = !parent->depth ? (uint32_t)g->value[DEEP_ROOTS]
                               : has          ? (uint32_t)g->value[DEEP_CHILDREN]
                                              : 0};
    return number == 0;
}

static const shape deep = {
    .name = "uts-deep",
    .what = "binomial, as UTS's T3: deep, most subtrees tiny",
    .parameters = {{"seed", "of the tree", 1, 0, 4294967295, true},
                   {"roots", "children of the root", 200, 0, 1e6, true},
                   {"children", "of a task that has some", 8, 1, 1000, true},
                   {"chance", "that a task has children", 0.1248, 0, 1, false},
                   {"node", "ns that a task computes first", 500, 0, 1e9, false}},
    .prepare = deep_prepare,
    .root = hashed_root,
    .phase = deep_phase,
    .child = hashed_child,
};

/* ---- loop ---- */

enum { LOOP_N, LOOP_NS };

static bool loop_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    bool is_root = !parent->depth;
    *out = (phase){.before = is_root ? 0 : exactly(g->value[LOOP_NS]),
                   .children = is_root ? (uint32_t)g->value[LOOP_N] : 0};
    return number == 0;
}

static const shape loop = {
    .name = "loop",
    .what = "flat: one task forks all others, then joins them",
    .parameters = {{"n", "tasks besides the root", 10000, 0, 1e9, true},
                   {"ns", "that each computes", 1000, 0, 1e9, false}},
    .root = plain_root,
    .phase = loop_phase,
    .child = plain_child,
};

/* ---- dag ---- */

enum { DAG_SEED, DAG_DEPTH, DAG_PHASES, DAG_FAN, DAG_NS };

static bool dag_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    uint64_t state = parent->state, own = descend(parent->state, number);
    uint64_t phases = 1 + random_below(&state, (uint64_t)g->value[DAG_PHASES]);
    uint64_t children = random_below(&own, (uint64_t)g->value[DAG_FAN] + 1);
    bool may = parent->depth < (uint32_t)g->value[DAG_DEPTH];
    *out = (phase){.before = exactly(2 * random_share(&own) * g->value[DAG_NS]),
                   .children = may ? (uint32_t)children : 0,
                   .calls = may && random_below(&own, 2)};
    return number < phases;
}

static const shape dag = {
    .name = "dag",
    .what = "random series-parallel: phases of random length, each with random children",
    .parameters = {{"seed", "of the graph", 1, 0, 4294967295, true},
                   {"depth", "deeper tasks have no children", 8, 0, 40, true},
                   {"phases", "of a task, 1 to that many", 2, 1, 100, true},
                   {"fan", "forked children of a phase, 0 to that many", 3, 0, 1000, true},
                   {"ns", "mean time that a phase computes; 0 to twice that", 1000, 0, 1e9, false}},
    .root = hashed_root,
    .phase = dag_phase,
    .child = hashed_child,
};

/* ---- stencil, wakeups ---- */

enum { STENCIL_STEPS, STENCIL_BLOCKS, STENCIL_NS, STENCIL_SPREAD };

static bool stencil_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    uint64_t state = parent->state;
    double spread = g->value[STENCIL_SPREAD];
    double factor = 1 - spread + 2 * spread * random_share(&state);
    *out = (phase){.children = parent->depth ? 0 : (uint32_t)g->value[STENCIL_BLOCKS],
                   .before = parent->depth ? exactly(g->value[STENCIL_NS] * factor) : 0};
    return number < (parent->depth ? 1 : (uint32_t)g->value[STENCIL_STEPS]);
}

static void seedless_root(const generator *g, node *root)
{
    (void)g;
    *root = (node){.state = 1};
}

static const shape stencil = {
    .name = "stencil",
    .what = "steps of a grid: each forks a task for every block, and joins all of them",
    .parameters = {{"steps", "one after another", 100, 1, 1e6, true},
                   {"blocks", "of the grid", 256, 1, 1e6, true},
                   {"ns", "mean time of a block", 10000, 0, 1e9, false},
                   {"spread", "of that time, up and down, as a part of it", 0.2, 0, 1, false}},
    .root = seedless_root,
    .phase = stencil_phase,
    .child = hashed_child,
};

enum { WAKEUPS_BURSTS, WAKEUPS_TASKS, WAKEUPS_NS, WAKEUPS_APART };

static bool wakeups_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    *out = (phase){.before = exactly(g->value[parent->depth ? WAKEUPS_NS : WAKEUPS_APART]),
                   .children = parent->depth ? 0 : (uint32_t)g->value[WAKEUPS_TASKS]};
    return number < (parent->depth ? 1 : (uint32_t)g->value[WAKEUPS_BURSTS]);
}

static const shape wakeups = {
    .name = "wakeups",
    .what = "one task computes alone, while the others fall asleep, then forks a burst; and so on",
    .parameters = {{"bursts", "one after another", 20, 1, 1e6, true},
                   {"tasks", "of a burst", 64, 1, 1e6, true},
                   {"ns", "that each computes", 100000, 0, 1e9, false},
                   {"apart", "ns that the task computes before a burst", 1000000, 0, 1e9, false}},
    .root = plain_root,
    .phase = wakeups_phase,
    .child = plain_child,
};

/* ---- arrivals ---- */

enum { ARRIVALS_SEED, ARRIVALS_LOAD, ARRIVALS_NS, ARRIVALS_JOBS };

static double exponential(uint64_t state, double mean)
{
    return -log1p(-random_share(&state)) * mean;
}

static bool arrivals_phase(const generator *g, const node *parent, uint32_t number, phase *out)
{
    *out =
        (phase){.before =
                    parent->depth ? exactly(exponential(parent->state, g->value[ARRIVALS_NS])) : 0,
                .children = parent->depth ? 0 : (uint32_t)g->value[ARRIVALS_JOBS]};
    return number == 0;
}

/* Poisson streams of equal rate at all workers, taken together. */
static picoseconds arrivals_apart(const generator *g, uint64_t number, unsigned workers)
{
    uint64_t state = descend(~(uint64_t)g->value[ARRIVALS_SEED], number);
    return exactly(exponential(state, g->value[ARRIVALS_NS] / g->value[ARRIVALS_LOAD] / workers));
}

static const shape arriving = {
    .name = "arrivals",
    .what = "jobs arrive at random workers at random times, and compute for random times",
    .parameters = {{"seed", "of the graph", 1, 0, 1e15, true},
                   {"load", "part of all workers' time that the jobs need", 0.9, 0.01, 1, false},
                   {"ns", "mean time of a job", 100000, 0.001, 1e9, false},
                   {"jobs", "of all workers", 100000, 1, 1e9, true}},
    .root = hashed_root,
    .phase = arrivals_phase,
    .child = hashed_child,
    .apart = arrivals_apart,
};

const shape *const shapes[] = {&tree, &skew,    &uts,     &deep,     &loop,
                               &dag,  &stencil, &wakeups, &arriving, NULL};
