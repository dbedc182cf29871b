/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Unbalanced tree search: counts the nodes of a tree whose shape is drawn from SHA-1, so that no
 * part of it can be guessed before it is visited. T1 is wide and shallow (geometric), T3 is narrow
 * and deep (binomial): nearly all subtrees are tiny, a few are most of the tree. The node counts
 * are known and prove the generator right. */
#include "kernel.h"
#include "sha1.h"

#include <math.h>

/* The deepest path of T3 is 1,572 nodes, that of T3L 17,844. */
enum { MOST_CHILDREN = 100, DEEP_STACK = 8 << 20, DEEPEST_STACK = 32 << 20 };

typedef struct shape {
    int seed;
    double root_children; /* geometric: the mean at every depth */
    int depth;            /* geometric: nodes this deep have no children; 0: binomial */
    double leaf_log;      /* geometric: log(1 - p) of the distribution of children */
    double probability;   /* binomial: that a node has children */
    int children;         /* binomial: how many it then has */
} shape;

typedef struct node {
    const shape *tree;
    int depth;
    uint8_t state[SHA1_BYTES];
} node;

static void put_number(uint8_t *at, int number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)((unsigned)number >> (24 - 8 * i));
}

static void make_root(node *root, const shape *tree)
{
    *root = (node){.tree = tree};
    put_number(root->state + SHA1_BYTES - 4, tree->seed);
    sha1_short(root->state, root->state, SHA1_BYTES);
}

static void make_child(node *child, const node *parent, int number)
{
    uint8_t message[SHA1_BYTES + 4];
    memcpy(message, parent->state, SHA1_BYTES);
    put_number(message + SHA1_BYTES, number);
    child->tree = parent->tree;
    child->depth = parent->depth + 1;
    sha1_short(child->state, message, sizeof message);
}

static int children_of(const node *n)
{
    const shape *tree = n->tree;
    if (!tree->depth && n->depth == 0)
        return (int)tree->root_children;
    if (tree->depth && n->depth >= tree->depth)
        return 0;
    const uint8_t *tail = n->state + SHA1_BYTES - 4;
    uint32_t bits = (tail[0] & 0x7fu) << 24 | (uint32_t)tail[1] << 16 | tail[2] << 8 | tail[3];
    double drawn = bits / 2147483648.0;
    if (!tree->depth)
        return drawn < tree->probability ? tree->children : 0;
    int count = (int)floor(log(1.0 - drawn) / tree->leaf_log);
    return count < MOST_CHILDREN ? count : MOST_CHILDREN;
}

/* The parent's node lies in its task's frame, which lives until the child is joined. */
TASK(long, visit, (const node *, parent), (int, number))
{
    node here;
    make_child(&here, parent, number);
    int children = children_of(&here);
    long nodes = 1;
    for (int i = 0; i < children; i++)
        FORK_ADD(nodes, visit, &here, i);
    for (int i = 0; i < children; i++)
        JOIN_ADD(nodes, visit);
    return nodes;
}

TASK(long, visit_root, (const shape *, tree))
{
    node root;
    make_root(&root, tree);
    int children = children_of(&root);
    long nodes = 1;
    for (int i = 0; i < children; i++)
        FORK_ADD(nodes, visit, &root, i);
    for (int i = 0; i < children; i++)
        JOIN_ADD(nodes, visit);
    return nodes;
}

/* Geometric: by depth. */
static void run_geometric(void *place, kernel_run *run, int seed)
{
    shape tree = {.seed = seed, .root_children = 4, .depth = (int)run->size->n};
    tree.leaf_log = log(1.0 - 1.0 / (1.0 + tree.root_children));
    run->answer = (uint64_t)RUN(place, visit_root, &tree);
}

static void run_t1(void *place, kernel_run *run)
{
    run_geometric(place, run, 19);
}

static void run_t1l(void *place, kernel_run *run)
{
    run_geometric(place, run, 29);
}

/* Binomial: by number. Subtrees are so uneven that the seed says more of a tree's size than the
 * number of roots. */
static const shape deep_trees[] = {
    {.seed = 231, .root_children = 20, .probability = 0.124875, .children = 8},
    {.seed = 39, .root_children = 20, .probability = 0.124875, .children = 8},
    {.seed = 42, .root_children = 2000, .probability = 0.124875, .children = 8},
    {.seed = 25, .root_children = 20, .probability = 0.200014, .children = 5},
    {.seed = 340, .root_children = 20, .probability = 0.200014, .children = 5},
    {.seed = 7, .root_children = 2000, .probability = 0.200014, .children = 5},
};

static void run_t3(void *place, kernel_run *run)
{
    run->answer = (uint64_t)RUN(place, visit_root, &deep_trees[run->size->n]);
}

const kernel KERNEL(uts_t1) = {
    .name = "uts-t1",
    .what = "unbalanced tree search, geometric: 4 children a node",
    .source = "Olivier and others, UTS: an unbalanced tree search benchmark, LCPC 2006",
    .sizes = {{"depth 4", 4, 944, 943},
              {"depth 8", 8, 257042, 257041},
              {"depth 10", 10, 4130071, 4130070}},
    .run = run_t1,
};

const kernel KERNEL(uts_t3) = {
    .name = "uts-t3",
    .what = "unbalanced tree search, binomial: deep, most subtrees tiny",
    .source = "Olivier and others, UTS: an unbalanced tree search benchmark, LCPC 2006",
    .stack_size = DEEP_STACK,
    .quick_unless_asked = true,
    .sizes = {{"2.6k nodes", 0, 2557, 2556},
              {"197k nodes", 1, 196565, 196564},
              {"4.1M nodes", 2, 4112897, 4112896}},
    .run = run_t3,
};

const kernel KERNEL(uts_t1l) = {
    .name = "uts-t1l",
    .what = "as uts-t1, another root: at full size 102 million nodes, some ten seconds a run",
    .source = "Olivier and others, UTS: an unbalanced tree search benchmark, LCPC 2006",
    .shown = KERNEL_BY_NAME,
    .sizes = {{"depth 4", 4, 406, 405},
              {"depth 8", 8, 99379, 99378},
              {"depth 13", 13, 102181082, 102181081}},
    .run = run_t1l,
};

const kernel KERNEL(uts_t3l) = {
    .name = "uts-t3l",
    .what = "as uts-t3, deeper: at full size 111 million nodes, a path of 17,844",
    .source = "Olivier and others, UTS: an unbalanced tree search benchmark, LCPC 2006",
    .stack_size = DEEPEST_STACK,
    .shown = KERNEL_BY_NAME,
    .sizes = {{"2.5k nodes", 3, 2546, 2545},
              {"170k nodes", 4, 170116, 170115},
              {"111M nodes", 5, 111345631, 111345630}},
    .run = run_t3,
};
