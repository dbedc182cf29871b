/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: memcheck; label processor in emulated
 *
 * Random programs of everything a task can do, against the same programs walked by one thread. A
 * program is its seed: its steps, their order and its children follow from that alone. So a
 * failure's shape can be repeated (FILCH_SEED, as printed) and made smaller (FILCH_DEPTH). Its
 * value is a chain of hashes over its children's values, each at its place; discarded values are
 * summed. So nothing can be lost, run twice or answered with another's result. */
#include <inttypes.h>
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* All unjoined forks of a path, and the gifts that a thief forks on top, fit into the slots of the
 * smallest build. */
enum { DEPTH = 12, MOST_OPEN = 8, MOST_SENT = 3, MOST_ELEMENTS = 60, MOST_STEPS = 24 };
_Static_assert(DEPTH *MOST_OPEN + MOST_ELEMENTS + 20 < FL_SLOTS, "a path may overflow its stack");

/* ---- Shape: the same for both walks ---- */

enum step { FORK, JOIN, CALL, YIELD, SEND, AWAIT, THROW, ELSEWHERE, LOOP, END };

/* How often each step is drawn. */
static const enum step steps[] = {FORK, FORK,  FORK, FORK,  FORK,  FORK,      JOIN, JOIN,
                                  CALL, YIELD, SEND, AWAIT, THROW, ELSEWHERE, LOOP, LOOP};
static const bool has_child[] = {
    [FORK] = true, [CALL] = true, [SEND] = true, [THROW] = true, [ELSEWHERE] = true, [END] = false};

struct program {
    uint64_t seed;
    unsigned budget; /* programs that it may have beneath it */
    unsigned depth;
};

/* A program under way. */
struct walk {
    uint64_t random, value;
    unsigned budget, depth, left; /* steps still to come */
    unsigned open, sent;          /* unjoined forks, detached programs that are to be awaited */
    struct program child;         /* of the present step, if it has one */
};

static struct walk begin(struct program program)
{
    return (struct walk){.random = program.seed,
                         .value = program.seed,
                         .budget = program.budget,
                         .depth = program.depth,
                         .left = (unsigned)(program.seed % MOST_STEPS)};
}

static void fold(struct walk *walk, uint64_t value)
{
    walk->value = stress_mix(walk->value ^ value);
}

static bool possible(const struct walk *walk, enum step step)
{
    if (has_child[step] && (!walk->budget || !walk->depth))
        return false;
    return step == FORK    ? walk->open < MOST_OPEN
           : step == JOIN  ? walk->open > 0
           : step == SEND  ? walk->sent < MOST_SENT
           : step == AWAIT ? walk->sent > 0
                           : true;
}

static enum step next_step(struct walk *walk)
{
    enum step step;
    do {
        walk->random = stress_mix(walk->random + 1);
        step = steps[walk->random % (sizeof steps / sizeof *steps)];
        if (!walk->left)
            return walk->open ? JOIN : walk->sent ? AWAIT : END;
        walk->left--;
    } while (!possible(walk, step));
    if (has_child[step]) {
        uint64_t random = stress_mix(walk->random ^ walk->value);
        unsigned share = (unsigned)(random % walk->budget);
        walk->child = (struct program){stress_mix(walk->random - 1), share / 2, walk->depth - 1};
        walk->budget -= share / 2 + 1;
    }
    return step;
}

static unsigned elements_of(const struct walk *walk)
{
    return (unsigned)(walk->random >> 32) % (MOST_ELEMENTS + 1);
}

/* An element's result fills its slot. */
struct wide {
    uint64_t word[5];
};

static struct wide wide_of(uint64_t seed, unsigned i)
{
    struct wide wide = {{stress_mix(seed + i)}};
    for (unsigned k = 1; k < 5; k++)
        wide.word[k] = stress_mix(wide.word[k - 1] ^ k);
    return wide;
}

static void fold_wide(struct walk *walk, struct wide wide)
{
    for (unsigned k = 0; k < 5; k++)
        fold(walk, wide.word[k]);
}

/* ---- The oracle ---- */

static uint64_t programs_expected, thrown_expected;

static uint64_t serial(struct program program)
{
    struct walk walk = begin(program);
    struct program open[MOST_OPEN], sent[MOST_SENT];
    for (enum step step; (step = next_step(&walk)) != END;) {
        if (step == FORK)
            open[walk.open++] = walk.child;
        else if (step == JOIN)
            fold(&walk, serial(open[--walk.open]));
        else if (step == CALL || step == ELSEWHERE)
            fold(&walk, serial(walk.child));
        else if (step == SEND)
            sent[walk.sent++] = walk.child;
        else if (step == AWAIT)
            fold(&walk, serial(sent[--walk.sent]));
        else if (step == THROW)
            thrown_expected += serial(walk.child);
        else if (step == LOOP)
            for (unsigned i = elements_of(&walk); i-- > 0;)
                fold_wide(&walk, wide_of(walk.random, i));
    }
    programs_expected++;
    return walk.value;
}

/* ---- The same on two runtimes ---- */

static filch_runtime *runtimes[2];
static filch_u64 programs_run, thrown;

FILCH_TASK(struct wide, element, (uint64_t, seed), (unsigned, i))
{
    stress_dawdle(stress_mix(seed - i));
    return wide_of(seed, i);
}

static void run_loop(filch_self self, struct walk *walk)
{
    unsigned count = elements_of(walk);
    for (unsigned i = 0; i < count; i++)
        FILCH_FORK(element, walk->random, i);
    for (unsigned i = count; i-- > 0;) {
        FILCH_JOIN(struct wide wide, element);
        fold_wide(walk, wide);
    }
}

/* A program on its way: awaited by its sender, in whose frame this lies, or thrown away. */
struct started {
    struct program program;
    unsigned here;
    signpost done;
    uint64_t value;
};

static void run_sent(filch_self self, void *started);
static void run_thrown(filch_self self, void *started);

static void start(filch_go_fn *fn, struct started *started, const struct walk *walk, unsigned there)
{
    *started = (struct started){.program = walk->child, .here = there};
    if (filch_go(runtimes[there], fn, started))
        filch_die("%s", filch_error());
}

static void start_thrown(const struct walk *walk, unsigned here)
{
    struct started *started = malloc(sizeof *started);
    if (!started)
        filch_die("no memory");
    start(run_thrown, started, walk, here ^ (walk->child.seed % 4 == 0));
}

/* Yields to other work here, and to threads without a CPU of their own. Fibers that only yielded to
 * each other would keep the CPUs from the very worker that they wait for, thousands of switches for
 * each program. */
static uint64_t await(filch_self self, struct started *started)
{
    for (unsigned i = 1; !signpost_count(&started->done); i++) {
        filch_yield(self);
        if (i % 16 == 0)
            sched_yield();
    }
    return started->value;
}

FILCH_TASK(uint64_t, program, (struct program, what), (unsigned, here))
{
    struct walk walk = begin(what);
    struct started sent[MOST_SENT];
    for (enum step step; (step = next_step(&walk)) != END;) {
        stress_dawdle(walk.random);
        if (step == FORK) {
            FILCH_FORK(program, walk.child, here);
            walk.open++;
        } else if (step == JOIN) {
            FILCH_JOIN(uint64_t value, program);
            fold(&walk, value);
            walk.open--;
        } else if (step == CALL)
            fold(&walk, program(self, walk.child, here));
        else if (step == ELSEWHERE)
            fold(&walk, FILCH_RUN(runtimes[!here], program, walk.child, !here));
        else if (step == SEND)
            start(run_sent, &sent[walk.sent++], &walk, here);
        else if (step == AWAIT)
            fold(&walk, await(self, &sent[--walk.sent]));
        else if (step == THROW)
            start_thrown(&walk, here);
        else if (step == LOOP)
            run_loop(self, &walk);
        else
            filch_yield(self);
    }
    filch_u64_add(&programs_run, 1, FILCH_RELEASE);
    return walk.value;
}

static void run_sent(filch_self self, void *arg)
{
    struct started *started = arg;
    started->value = program(self, started->program, started->here);
    signpost_raise(&started->done);
}

static void run_thrown(filch_self self, void *arg)
{
    struct started *started = arg;
    uint64_t value = program(self, started->program, started->here);
    filch_u64_add(&thrown, value, FILCH_RELAXED); /* read once the runtimes are gone */
    free(started);
}

/* ---- The comparison ---- */

static unsigned depth_wanted(void)
{
    const char *text = getenv("FILCH_DEPTH");
    unsigned depth = text && *text ? (unsigned)atoi(text) : DEPTH;
    return depth < DEPTH ? depth : DEPTH;
}

/* Round i of a seed is round 0 of seed + i: a failure's printed seed repeats its program first. */
static void run_programs(unsigned config, uint64_t seed, unsigned rounds)
{
    unsigned depth = depth_wanted();
    runtimes[0] = stress_runtime(config, seed);
    runtimes[1] = stress_runtime((config + 1) % 4, seed);
    programs_expected = thrown_expected = 0;
    filch_u64_store(&programs_run, 0, FILCH_RELAXED);
    filch_u64_store(&thrown, 0, FILCH_RELAXED);
    for (uint64_t round = seed; round < seed + rounds; round++) {
        uint64_t random = stress_mix(round);
        struct program root = {random, (unsigned)(random % 2000), depth};
        uint64_t expected = serial(root);
        cr_assert_eq(FILCH_RUN(runtimes[0], program, root, 0), expected,
                     "to be repeated by FILCH_SEED=%" PRIu64 " FILCH_DEPTH=%u; %s", round, depth,
                     stress_name(config));
    }
    WAIT_WHILE(filch_u64_load(&programs_run, FILCH_ACQUIRE) <
               programs_expected); /* programs thrown away may still need both runtimes */
    OK(filch_runtime_destroy(runtimes[config % 2]));
    OK(filch_runtime_destroy(runtimes[!(config % 2)]));
    cr_assert_eq(filch_u64_load(&programs_run, FILCH_RELAXED), programs_expected,
                 "to be repeated by FILCH_SEED=%" PRIu64 "; %s", seed, stress_name(config));
    cr_assert_eq(filch_u64_load(&thrown, FILCH_RELAXED), thrown_expected,
                 "to be repeated by FILCH_SEED=%" PRIu64 "; %s", seed, stress_name(config));
}

Test(programs, random_programs_match_serial_walk)
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++)
        run_programs(config, stress_seed(), stress_times(12));
}
