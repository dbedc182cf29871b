/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Chooses the next execution. Threads are deterministic, so an execution is its graph: the store
 * that each read reads, and the places of stores in modification order. The order in which its
 * events are executed makes no difference, so one order is enough: a thread goes on for as long as
 * it can. Each read then tries every store that is there. If a later store does not depend on
 * the read, the read is also made to wait for a later store. So each graph is executed once, without
 * any memory of earlier ones; some executions end because a read waits for a store that never comes.
 * The method is that of Abdulla, Atig, Jonsson, Ngo (Optimal stateless model checking under the
 * release-acquire semantics, OOPSLA 2018), with reads that wait in the place of schedules.
 *
 * - all executions;
 * - all in which at most so many reads wait; every store that is there is still tried;
 * - random ones, from a seed: there threads take turns before each operation.
 *
 * A failing execution is run once more with the trace on. Its choices, as text, repeat it. */
#include <tests/model/checker/state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CHOICES = 1 << 16,
    NOBODY = -1,
    WAIT = 255,
    NOTHING = 254,
    ROUNDS = 4,
    STALL = 400,
    TRIES = 200
};

static struct choice {
    uint64_t allowed; /* ways, as bits */
    uint16_t waits;   /* how many reads have been told to wait before */
    uint8_t way;
    bool later; /* something came later that could be chosen here */
} path[CHOICES];
static unsigned length, position;

static const mc_search *search;
static unsigned waits, last_thread;
static uint64_t random_state;
static unsigned loyalty; /* RANDOM: of 16 choices between threads, so many stay with the last one */
static unsigned
    stalled; /* RANDOM: this thread stops here, for STALL steps or until all others wait */
static uint64_t stalled_from;
static bool replaying;
static uint64_t last_steps; /* of the last execution */

/* ---- Choices ---- */

static unsigned random_below(unsigned ways)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(((random_state >> 32) * ways) >> 32);
}

static struct choice *next_choice(void)
{
    if (position == CHOICES) {
        mc_fail("the checker's limit: too many choices (CHOICES in explore.c)");
        position = length = 0;
    }
    if (position == length)
        path[length++] = (struct choice){.waits = (uint16_t)waits};
    return &path[position++];
}

int mc_last_choice(void)
{
    return (int)position - 1;
}

void mc_came_later(int choice)
{
    if (choice >= 0)
        path[choice].later = true;
}

typedef bool allowing(unsigned way, const void *of);

static uint8_t random_way(unsigned ways, allowing *allows, const void *of)
{
    unsigned from = random_below(2) ? 0 : random_below(ways), tried = 0;
    while (tried < ways && allows && !allows((from + tried) % ways, of))
        tried++;
    return tried < ways ? (uint8_t)((from + tried) % ways) : NOTHING;
}

static uint64_t allowed_ways(unsigned ways, allowing *allows, const void *of)
{
    uint64_t allowed = 0;
    for (unsigned i = 0; i < ways; i++)
        allowed |= (uint64_t)(!allows || allows(i, of)) << i;
    return allowed;
}

static int next_way(unsigned ways, allowing *allows, const void *of)
{
    bool new = position == length;
    struct choice *choice = next_choice();
    if (new && search->how == MC_RANDOM) {
        choice->way = random_way(ways, allows, of);
    } else if (new) {
        choice->allowed = allowed_ways(ways, allows, of);
        choice->way = choice->allowed ? (uint8_t)__builtin_ctzll(choice->allowed) : NOTHING;
    }
    waits += choice->way == WAIT;
    if (choice->way < NOTHING && choice->way >= ways)
        mc_fail("the checker's fault: the same choices lead elsewhere");
    return choice->way < NOTHING ? choice->way : MC_NONE;
}

int mc_choose_way(unsigned ways, allowing *allows, const void *of)
{
    int way = replaying ? (int)mc_replay_take(ways) : next_way(ways, allows, of);
    if (way >= 0)
        mc_record((unsigned)way, ways);
    return way;
}

/* ---- Threads ---- */

static bool is_paused(unsigned thread)
{
    return mc.thread[thread].next.kind == MC_PAUSE;
}

/* Threads that could go on, the last one first. */
static unsigned able_threads(uint8_t order[MC_THREADS])
{
    unsigned count = 0;
    if (mc_thread_able(last_thread))
        order[count++] = (uint8_t)last_thread;
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != last_thread && mc_thread_able(i))
            order[count++] = (uint8_t)i;
    return count;
}

/* Of these, the first one that does not pause; else the one that has paused for the longest. */
static int usual(const uint8_t *order, unsigned count)
{
    int best = NOBODY;
    for (unsigned i = 0; i < count; i++) {
        if (!mc_thread_enabled(order[i]))
            continue;
        if (!is_paused(order[i]))
            return (int)i;
        if (best < 0 || mc.thread[order[i]].paused_at < mc.thread[order[best]].paused_at)
            best = (int)i;
    }
    return best;
}

static bool takes_turns(unsigned thread)
{
    uint64_t step = mc.steps - mc.first_step;
    if (thread == stalled && step >= stalled_from && step < stalled_from + STALL)
        return false;
    return mc_thread_enabled(thread) && (!is_paused(thread) || mc_thread_sees_change(thread));
}

static int random_thread(const uint8_t *order, unsigned count)
{
    if (position < length)
        return next_choice()->way;
    uint8_t among[MC_THREADS];
    unsigned ways = 0;
    for (unsigned i = 0; i < count; i++)
        if (takes_turns(order[i]))
            among[ways++] = (uint8_t)i;
    int way = ways ? among[random_below(ways)] : usual(order, count);
    if (ways && among[0] == 0 && order[0] == last_thread && random_below(16) < loyalty)
        way = 0;
    return way < 0 ? way : (next_choice()->way = (uint8_t)way);
}

static int choose_thread(void)
{
    uint8_t order[MC_THREADS];
    unsigned count = able_threads(order);
    if (!count)
        return NOBODY;
    int way = replaying                  ? (int)mc_replay_take(count)
              : search->how == MC_RANDOM ? random_thread(order, count)
                                         : usual(order, count);
    if (way < 0)
        return NOBODY;
    mc_record_thread((unsigned)way, count);
    return order[way];
}

/* ---- One execution ---- */

static void nobody_can_go_on(void)
{
    mc.pruned = mc.pruned || mc_threads_wait_for_nothing();
    mc.running = false;
    if (!mc.pruned && !mc_threads_done() && !(mc.model->may_rest && mc.model->may_rest()))
        mc_fail("nobody can go on, and somebody waits");
}

/* A loop that pauses goes on when others have changed something, or when nobody else can. Others who
 * can, but have been told to wait, do not wait for a loop that goes round and round. */
static bool goes_round(unsigned thread)
{
    return mc_threads_wait_for_nothing() &&
           (!mc_thread_sees_change(thread) || mc.thread[thread].rounds++ == ROUNDS);
}

static void run_threads(void)
{
    while (!mc.failure && !mc.pruned) {
        int thread = choose_thread();
        if (thread == NOBODY) {
            nobody_can_go_on();
            return;
        }
        last_thread = (unsigned)thread;
        if (is_paused(last_thread) && goes_round(last_thread)) {
            mc.pruned = true;
            return;
        }
        mc_thread_run(last_thread);
    }
}

static void run_once(const mc_model *model)
{
    position = 0;
    waits = last_thread = 0;
    mc.pruned = false;
    mc.model = model;
    mc.failure = NULL;
    mc.self = 0;
    mc.first_step = mc.steps;
    mc.stores = mc.pauses = 0;
    mc_memory_reset();
    mc_plain_reset();
    mc_trace_reset();
    mc_roles_reset();
    mc_symmetry_reset();
    mc.running = false;
    model->setup();
    mc_threads_start();
    mc.running = !mc.failure;
    if (mc.running)
        run_threads();
    if (!mc.failure && !mc.pruned)
        mc_symmetry_end();
    mc.running = false;
    last_steps = mc.steps - mc.first_step;
    if (!mc.failure && !mc.pruned && model->finish)
        model->finish();
}

/* ---- Many ---- */

static bool has_another_way(struct choice *choice)
{
    if (choice->way >= NOTHING)
        return false;
    uint64_t left = choice->allowed & ~((UINT64_C(2) << choice->way) - 1);
    bool may_wait = choice->later && (search->how == MC_ALL || choice->waits < search->bound);
    if (!left && !may_wait)
        return false;
    choice->way = left ? (uint8_t)__builtin_ctzll(left) : WAIT;
    return true;
}

static bool next_path(void)
{
    while (length && !has_another_way(&path[length - 1]))
        length--;
    return length > 0;
}

static void start_random(uint64_t number)
{
    length = 0;
    random_state =
        (search->seed + 1) * 0x9e3779b97f4a7c15ull ^ (number + 1) * 0xd1342543de82ef95ull;
    random_state |= 1;
    for (int i = 0; i < 8; i++)
        random_below(2);
    loyalty = 4 + 11 * random_below(2) - 3 * random_below(2);
    stalled = random_below(2 * MC_THREADS); /* or none */
    stalled_from = random_below(64);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* others may be using the machine */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* With turns before each step, as a replay has it. */
static char *repeat(const mc_model *model)
{
    mc.yielding = true;
    mc_record_start();
    if (!mc.quiet)
        mc_trace_start(last_steps);
    run_once(model);
    mc.tracing = false;
    return mc_recorded();
}

static bool more(mc_result *result, double began)
{
    if (mc.failure)
        return false;
    if (search->how == MC_RANDOM) {
        result->exhausted = result->executions >= search->executions;
        start_random(result->executions + result->pruned);
    } else {
        result->exhausted = !next_path();
    }
    bool look = ((result->executions + result->pruned) & 1023) == 0;
    if (look && search->seconds > 0 && cpu_seconds() - began > search->seconds)
        return false;
    return !result->exhausted;
}

static void run_many(const mc_model *model, mc_result *result, double began)
{
    do {
        mc.yielding = replaying || search->how == MC_RANDOM;
        run_once(model);
        if (mc.pruned)
            result->pruned++;
        else
            result->executions++;
    } while (!replaying && more(result, began));
}

/* A reduced search would not see how alike threads behave in each other's place. */
static void try_roles(const mc_model *model)
{
    static const mc_search random = {.how = MC_RANDOM};
    const mc_search *whole = search;
    search = &random;
    mc.trying = mc.yielding = true;
    for (uint64_t i = 0; i < TRIES && !mc.failure; i++) {
        start_random(i);
        run_once(model);
    }
    mc.trying = false;
    if (mc.failure)
        return;
    search = whole;
    length = 0;
}

mc_result mc_explore(const mc_model *model, const mc_search *how)
{
    mc_result result = {0};
    double began = cpu_seconds();
    search = how;
    length = 0;
    mc_outcomes_reset();
    mc.steps = 0;
    replaying = how->replay != NULL;
    mc_roles_begin(model);
    bool reduces = model->alike && how->how == MC_ALL && !how->permuted && !replaying;
    mc_symmetry_begin(reduces);
    if (how->how == MC_RANDOM)
        start_random(0);
    if (replaying && !mc_replay_start(how->replay)) {
        result.failure = mc_unfit;
        return result;
    }
    mc.failure = NULL;
    if (reduces)
        try_roles(model);
    if (!mc.failure)
        run_many(model, &result, began);
    result.steps = mc.steps;
    result.stands_for = mc_symmetry_total();
    result.seconds = cpu_seconds() - began;
    result.failure = mc.failure;
    if (mc.failure && mc.failure != mc_unfit) {
        if (replaying)
            mc_replay_start(how->replay);
        result.choices = repeat(model);
    }
    return result;
}
