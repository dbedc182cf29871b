/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Chooses the next execution. An execution is a list of choices: the thread that continues, the
 * store that a load reads. The search is depth-first over these lists, without any memory of
 * states:
 *
 * - all executions, less those that differ in the order of independent operations only (sleep sets:
 *   Godefroid, Partial-order methods for the verification of concurrent systems, LNCS 1032, 1996,
 *   chapter 5);
 * - all with at most so many preemptions (Musuvathi, Qadeer: Iterative context bounding for
 *   systematic testing of multithreaded programs, PLDI 2007); every value is still tried;
 * - random ones, from a seed.
 *
 * A failing execution is run once more with the trace on. Its choices, as text, repeat it. */
#include <tests/model/checker/state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MC_CHOICES = 1 << 15, NOBODY = -1, ASLEEP = -2, OUTCOMES = 64 };

static struct choice {
    uint16_t ways, way;
    uint16_t replay;           /* choice that a replay has to take here; NONE: none */
    uint8_t sleeping;          /* sleep sets: threads, as bits, asleep before this choice */
    uint8_t order[MC_THREADS]; /* sleep sets: the threads that are awake */
} path[MC_CHOICES];
#define NONE UINT16_MAX
static unsigned length, position;

static const mc_search *search;
static unsigned sleeping, preemptions, last_thread;
static uint64_t random_state;
static unsigned loyalty; /* RANDOM: of 16 choices between threads, so many stay with the last one */
static bool replaying, pruned;
static uint64_t last_steps; /* of the last execution */
static char outcomes[OUTCOMES][32];
static unsigned outcome_count;

/* ---- Choices ---- */

static unsigned random_below(unsigned ways)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(((random_state >> 32) * ways) >> 32);
}

static struct choice *next_choice(unsigned ways)
{
    if (position == MC_CHOICES) {
        mc_fail("the checker's limit: too many choices (MC_CHOICES in explore.c)");
        position = 0;
    }
    struct choice *choice = &path[position];
    if (position == length) {
        *choice = (struct choice){.ways = (uint16_t)ways};
        length++;
    }
    position++;
    return choice;
}

const char mc_unfit[] = "the replay does not fit";

static unsigned take(struct choice *choice, unsigned ways)
{
    choice->replay = choice->way;
    if (choice->way < ways)
        return choice->way;
    mc_fail(mc_unfit);
    return 0;
}

static bool at_random(void)
{
    return search->how == MC_RANDOM && !replaying && position == length;
}

unsigned mc_choose(unsigned ways)
{
    if (ways <= 1 || !mc.running)
        return 0;
    bool random = at_random();
    struct choice *choice = next_choice(ways);
    if (random) /* mostly the newest, or nothing ever moves */
        choice->way = (uint16_t)(random_below(2) ? 0 : random_below(ways));
    return take(choice, ways);
}

/* Does it matter which of the two comes first? */
static bool dependent(unsigned a, unsigned b)
{
    const mc_step *x = &mc.thread[a].next, *y = &mc.thread[b].next;
    if (x->kind == MC_PAUSE || y->kind == MC_PAUSE)
        return true;
    if ((x->kind == MC_BARRIER && x->other == b) || (y->kind == MC_BARRIER && y->other == a))
        return true;
    if (x->seq_cst && y->seq_cst)
        return true;
    if (x->location < 0 || x->location != y->location)
        return false;
    return x->kind != MC_LOAD || y->kind != MC_LOAD;
}

/* Threads that can go on, the last one first. */
static unsigned enabled_threads(uint8_t order[MC_THREADS])
{
    unsigned count = 0;
    if (mc_thread_enabled(last_thread))
        order[count++] = (uint8_t)last_thread;
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != last_thread && mc_thread_enabled(i))
            order[count++] = (uint8_t)i;
    if (!count) /* a pause is over when nothing else can happen */
        for (unsigned i = 0; i < mc.threads; i++)
            if (mc.thread[i].next.kind == MC_PAUSE)
                order[count++] = (uint8_t)i;
    return count;
}

/* A choice between the threads that are awake. false: there is none; everything that could happen
 * here was seen elsewhere. */
static bool lay_out_awake(const uint8_t order[MC_THREADS], unsigned count)
{
    unsigned awake = 0;
    struct choice *new = next_choice(0);
    for (unsigned i = 0; i < count; i++)
        if (!(sleeping >> order[i] & 1))
            new->order[awake++] = order[i];
    new->ways = (uint16_t)awake;
    new->sleeping = (uint8_t)sleeping;
    position--;
    if (!awake)
        length--;
    return awake > 0;
}

static uint16_t index_of(unsigned thread, const uint8_t order[MC_THREADS])
{
    uint16_t i = 0;
    while (order[i] != thread)
        i++;
    return i;
}

static int choose_with_sleep_sets(const uint8_t order[MC_THREADS], unsigned count)
{
    if (position == length && !lay_out_awake(order, count))
        return ASLEEP;
    struct choice *choice = &path[position++];
    unsigned chosen = choice->order[choice->way], before = choice->sleeping;
    choice->replay = count > 1 ? index_of(chosen, order) : NONE;
    for (unsigned i = 0; i < choice->way; i++)
        before |= 1u << choice->order[i];
    sleeping = 0;
    for (unsigned i = 0; i < mc.threads; i++)
        if (i != chosen && (before >> i & 1) && !dependent(i, chosen))
            sleeping |= 1u << i;
    return (int)chosen;
}

static int choose_thread(void)
{
    uint8_t order[MC_THREADS];
    unsigned count = enabled_threads(order);
    if (!count)
        return NOBODY;
    if (search->how == MC_ALL && !replaying)
        return choose_with_sleep_sets(order, count);
    bool may_stay = order[0] == last_thread && mc.thread[last_thread].next.kind != MC_TIMED;
    bool has_to = may_stay && search->how == MC_BOUND && !replaying && preemptions >= search->bound;
    unsigned way = 0;
    if (count > 1) {
        bool random = at_random();
        struct choice *choice = next_choice(has_to ? 1 : count);
        if (random)
            choice->way =
                may_stay && random_below(16) < loyalty ? 0 : (uint16_t)random_below(count);
        way = take(choice, count);
    }
    preemptions += may_stay && way > 0;
    return order[way];
}

/* ---- One execution ---- */

static bool everybody_done(void)
{
    for (unsigned i = 0; i < mc.threads; i++)
        if (mc.thread[i].next.kind != MC_DONE)
            return false;
    return true;
}

static void nobody_can_go_on(void)
{
    mc.running = false;
    if (!everybody_done() && !(mc.model->may_rest && mc.model->may_rest()))
        mc_fail("nobody can go on, and somebody waits");
}

static void run_threads(void)
{
    uint64_t most = mc.model->steps ? mc.model->steps : MC_STEPS, first = mc.steps;
    for (last_steps = 0; !mc.failure; last_steps = mc.steps - first) {
        int thread = choose_thread();
        if (thread == NOBODY) {
            nobody_can_go_on();
            return;
        }
        if (thread == ASLEEP) {
            pruned = true;
            return;
        }
        last_thread = (unsigned)thread;
        mc_thread_run(last_thread);
        if (last_steps > most)
            mc_fail("too many steps: this never ends");
    }
}

static void run_once(const mc_model *model)
{
    position = 0;
    sleeping = preemptions = last_thread = 0;
    pruned = false;
    mc.model = model;
    mc.failure = NULL;
    mc.self = 0;
    mc.changes = 0;
    mc_memory_reset();
    mc_plain_reset();
    mc_trace_reset();
    mc.running = false;
    model->setup();
    mc_threads_start();
    mc.running = !mc.failure;
    if (mc.running)
        run_threads();
    mc.running = false;
    if (!mc.failure && !pruned && model->finish)
        model->finish();
}

/* ---- Many ---- */

static bool next_path(void)
{
    while (length && path[length - 1].way + 1 >= path[length - 1].ways)
        length--;
    if (length)
        path[length - 1].way++;
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
}

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* In order of execution, a digit each; from 36 on in brackets. */
static char *choices_as_text(void)
{
    char *text = malloc(6 * (size_t)length + 1), *at = text;
    for (unsigned i = 0; text && i < position; i++) {
        if (path[i].replay < 36)
            at += sprintf(at, "%c", digits[path[i].replay]);
        else if (path[i].replay != NONE)
            at += sprintf(at, "(%u)", path[i].replay);
    }
    if (text)
        *at = '\0';
    return text;
}

/* Moves *text behind it. NONE: there is no choice. */
static uint16_t choice_from_text(const char **text)
{
    const char *digit = strchr(digits, **text);
    if (digit) {
        ++*text;
        return (uint16_t)(digit - digits);
    }
    char *end;
    unsigned long way = **text == '(' ? strtoul(*text + 1, &end, 10) : NONE;
    if (way >= NONE || *end != ')')
        return NONE;
    *text = end + 1;
    return (uint16_t)way;
}

static bool choices_from_text(const char *text)
{
    for (length = 0; *text && length < MC_CHOICES; length++) {
        uint16_t way = choice_from_text(&text);
        if (way == NONE)
            return false;
        path[length] = (struct choice){.ways = NONE, .way = way};
    }
    return !*text;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* others may be using the machine */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void repeat_with_trace(const mc_model *model, uint64_t steps)
{
    mc_trace_start(steps);
    run_once(model);
    mc.tracing = false;
}

static bool more(mc_result *result, double began)
{
    if (mc.failure)
        return false;
    if (search->how == MC_RANDOM) {
        result->exhausted = result->executions >= search->executions;
        start_random(result->executions);
    } else {
        result->exhausted = !next_path();
    }
    bool look = ((result->executions + result->pruned) & 1023) == 0;
    if (look && search->seconds > 0 && cpu_seconds() - began > search->seconds)
        return false;
    return !result->exhausted;
}

mc_result mc_explore(const mc_model *model, const mc_search *how)
{
    mc_result result = {0};
    double began = cpu_seconds();
    search = how;
    length = 0;
    outcome_count = 0;
    mc.steps = 0;
    replaying = how->replay != NULL;
    if (how->how == MC_RANDOM)
        start_random(0);
    if (replaying && !choices_from_text(how->replay)) {
        result.failure = mc_unfit;
        return result;
    }
    do {
        run_once(model);
        if (pruned)
            result.pruned++;
        else
            result.executions++;
    } while (!replaying && more(&result, began));
    result.steps = mc.steps;
    result.seconds = cpu_seconds() - began;
    result.failure = mc.failure;
    if (mc.failure && mc.failure != mc_unfit) {
        result.choices = choices_as_text();
        if (!mc.quiet)
            repeat_with_trace(model, last_steps);
    }
    return result;
}

/* ---- Outcomes ---- */

void mc_outcome(const char *word)
{
    unsigned at = 0;
    while (at < outcome_count && strcmp(outcomes[at], word) < 0)
        at++;
    if (at < outcome_count && strcmp(outcomes[at], word) == 0)
        return;
    if (outcome_count == OUTCOMES) {
        mc_fail("the checker's limit: too many outcomes (OUTCOMES in explore.c)");
        return;
    }
    memmove(outcomes[at + 1], outcomes[at], (outcome_count++ - at) * sizeof outcomes[0]);
    snprintf(outcomes[at], sizeof outcomes[0], "%s", word);
}

const char *mc_outcomes(void)
{
    static char text[OUTCOMES * 33];
    text[0] = '\0';
    for (unsigned i = 0; i < outcome_count; i++)
        sprintf(text + strlen(text), "%s%s", i ? " " : "", outcomes[i]);
    return text;
}
