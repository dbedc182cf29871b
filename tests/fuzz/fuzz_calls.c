/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The public API, called in any order, also wrongly. Every call returns the value that program.c
 * predicts, and every task runs once and gives its result. Every misuse of fork and join dies by
 * filch_die, with a fitting message. A program that must die runs in a child process. Built twice:
 * as users get the inline path, and with FILCH_DEBUG. */
#include <errno.h>
#include <signal.h>
#include <tests/fuzz/program.h>
#include <tests/support/system.h>

#ifdef FILCH_DEBUG
#define CHECKED true
#else
#define CHECKED false
#endif

static struct program program;
static filch_runtime *runtime[RUNTIMES];
static filch_u64 ran;

static uint64_t interpret(filch_self self, uint32_t first);

FILCH_TASK(uint64_t, red, (uint32_t, first))
{
    return interpret(self, first);
}

FILCH_TASK(uint64_t, blue, (uint32_t, first))
{
    return interpret(self, first);
}

/* As generated code would do it. */
static void green_run(filch_self self, filch_slot *slot)
{
    uint32_t first;
    memcpy(&first, filch_arguments(slot), sizeof first);
    uint64_t result = interpret(self, first);
    memcpy(filch_arguments(slot), &result, sizeof result);
}

static const filch_task green_task = {green_run, "green"};

static filch_self green_fork(filch_self self, uint32_t first)
{
    memcpy(filch_arguments(self), &first, sizeof first);
    return filch_fork(self, &green_task);
}

static uint64_t green_join(filch_slot *slot)
{
    if (filch_join(slot)) {
        green_run(slot, slot);
        FILCH_CHECK(fl_check_return(slot, &green_task));
    }
    uint64_t result;
    memcpy(&result, filch_arguments(slot), sizeof result);
    return result;
}

static filch_self fork_one(filch_self self, enum kind kind, uint32_t first)
{
    if (kind == RED)
        FILCH_FORK(red, first);
    else if (kind == BLUE)
        FILCH_FORK(blue, first);
    else
        self = green_fork(self, first);
    return self;
}

static filch_self join_one(filch_self self, enum kind kind, uint64_t *sum)
{
    uint64_t result;
    if (kind == RED)
        FILCH_JOIN(result, red);
    else if (kind == BLUE)
        FILCH_JOIN(result, blue);
    else
        --self, result = green_join(self);
    *sum = program_mix(*sum, result);
    return self;
}

static uint64_t call_one(filch_self self, enum kind kind, uint32_t first)
{
    if (kind == RED)
        return red(self, first);
    if (kind == BLUE)
        return blue(self, first);
    uint64_t result = interpret(self, first);
    FILCH_CHECK(fl_check_return(self, &green_task));
    return result;
}

static void detached(filch_self self, void *first)
{
    interpret(self, (uint32_t)(uintptr_t)first);
}

/* Refused, with a sentence that tells more than the number. */
static void expect(int rc, int expected)
{
    FUZZ_CHECK(rc == expected, "%d instead of %d; %s", rc, expected, filch_error());
    size_t length = strlen(filch_error());
    FUZZ_CHECK(rc == 0 || (length > 20 && length < 256 && strchr(filch_error(), ' ')), "%d: '%s'",
               rc, filch_error());
}

static void query(filch_self self, filch_runtime *rt)
{
    unsigned here = (unsigned)filch_worker_index();
    FUZZ_CHECK(here < filch_runtime_workers(rt), "worker %u", here);
    expect(filch_go(rt, NULL, NULL), -EINVAL);
}

FILCH_VOID_TASK(nothing)
{
}

static void misuse(filch_self self, const struct step *s, enum kind last)
{
    uint64_t sum = 0;
    if (s->op == STEP_JOIN_NOTHING)
        join_one(self, RED, &sum);
    else if (s->op == STEP_JOIN_WRONG)
        join_one(self, last == RED ? BLUE : RED, &sum);
    else if (s->op == STEP_RUN_OR_DIE)
        FILCH_RUN(runtime[s->runtime], red, 0);
    for (uintptr_t i = 0; s->op == STEP_FORK_TOO_MANY && i < FILCH_REGION_SIZE / 64; i++)
        self = filch_fork(self, &nothing_task); /* some run at once */
}

static uint64_t interpret(filch_self self, uint32_t first)
{
    uint64_t sum = 1;
    enum kind unjoined[UNJOINED + 1];
    unsigned count = 0;
    filch_u64_add(&ran, 1, FILCH_RELAXED); /* read after the runtimes' end */
    const struct step *s = &program.step[first];
    for (; s->op < FIRST_MISUSE && s->op != STEP_END; s = &program.step[s->next]) {
        filch_runtime *rt = runtime[s->runtime];
        if (s->op == STEP_FORK)
            self = fork_one(self, unjoined[count++] = s->kind, s->script);
        else if (s->op == STEP_JOIN)
            self = join_one(self, unjoined[--count], &sum);
        else if (s->op == STEP_CALL)
            sum = program_mix(sum, call_one(self, s->kind, s->script));
        else if (s->op == STEP_YIELD)
            filch_yield(self);
        else if (s->op == STEP_GO)
            expect(filch_go(rt, detached, (void *)(uintptr_t)s->script), 0);
        else if (s->op == STEP_RUN_OTHER)
            sum = program_mix(sum, FILCH_RUN(rt, red, s->script));
        else if (s->op == STEP_QUERY)
            query(self, rt);
        else {
            expect(filch_runtime_destroy(rt), -EDEADLK);
            expect(filch_run(rt, &red_task, &(filch_slot){.args = {0}}), -EDEADLK);
        }
    }
    if (s->op >= FIRST_MISUSE) {
        misuse(self, s, unjoined[count ? count - 1 : 0]);
        return sum;
    }
    while (count)
        self = join_one(self, unjoined[--count], &sum);
    return sum;
}

/* ---- The main thread's actions ---- */

static void create(const struct action *a)
{
    filch_runtime *const untouched = (filch_runtime *)&program;
    filch_runtime *rt = untouched;
    expect(filch_runtime_create(&rt, a->configured ? &a->config : NULL), a->expected);
    FUZZ_CHECK((rt == untouched) == (a->expected != 0), "%p", (void *)rt);
    if (a->expected == 0)
        runtime[a->runtime] = rt;
}

static void destroy(unsigned i)
{
    expect(filch_runtime_destroy(runtime[i]), 0);
    runtime[i] = NULL;
}

static void query_outside(const struct action *a)
{
    const filch_runtime *rt = runtime[a->runtime];
    unsigned workers = filch_runtime_workers(rt);
    FUZZ_CHECK(a->expected ? workers == (unsigned)a->expected : workers > 0, "%u", workers);
    FUZZ_CHECK(filch_worker_index() == -1, "on the main thread");
    size_t whole = filch_runtime_describe(rt, NULL, 0);
    char *room = malloc(a->size); /* exactly, so that a byte more is seen */
    FUZZ_CHECK(room, "no memory");
    FUZZ_CHECK(filch_runtime_describe(rt, room, a->size) == whole, "another length");
    size_t shown = a->size <= whole ? a->size - 1 : whole;
    FUZZ_CHECK(!a->size || strnlen(room, a->size) == shown, "%zu of %zu", shown, whole);
    memset(room, 0x5a, a->size);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, (filch_runtime_stats *)(void *)room, a->size);
    for (size_t i = sizeof(filch_runtime_stats); i < a->size; i++)
        FUZZ_CHECK(room[i] == 0, "byte %zu", i); /* as for a newer caller */
    free(room);
}

/* In the child. Its parent's runtimes live on, with tasks. */
static void use_of_parents(filch_runtime *rt)
{
    filch_slot slot = {.args = {0}};
    expect(filch_run(rt, &red_task, &slot), -ECHILD);
    expect(filch_go(rt, detached, NULL), -ECHILD);
    expect(filch_runtime_destroy(rt), -ECHILD);
    FUZZ_CHECK(filch_worker_index() == -1, "no worker");
}

static unsigned forked_at;

static void in_child(void)
{
    signal(SIGABRT, SIG_DFL);
    alarm(300);
    use_of_parents(runtime[forked_at]);
}

static void fork_process(unsigned i)
{
    struct child child;
    forked_at = i;
    child_run(&child, in_child);
    FUZZ_CHECK(child_passed(&child), "0x%x, %s", child.status, child.text);
}

static void act(const struct action *a)
{
    filch_runtime *rt = runtime[a->runtime];
    if (a->op == DO_RUN)
        FUZZ_CHECK(FILCH_RUN(rt, red, a->script) == a->result, "the result is another");
    else if (a->op == DO_GO)
        expect(filch_go(rt, detached, (void *)(uintptr_t)a->script), 0);
    else if (a->op == DO_CREATE)
        create(a);
    else if (a->op == DO_DESTROY)
        destroy(a->runtime);
    else if (a->op == DO_QUERY)
        query_outside(a);
    else if (a->op == DO_GO_NOWHERE)
        expect(filch_go(rt, NULL, rt), -EINVAL);
    else if (a->op == DO_FORK)
        fork_process(a->runtime);
    else if (a->value)
        setenv(a->variable, a->value, 1);
    else
        unsetenv(a->variable);
}

static void act_all(void)
{
    for (unsigned i = 0; i < program.actions; i++)
        act(&program.action[i]);
    for (unsigned i = 0; i < RUNTIMES; i++)
        destroy(i);
}

static void act_and_die(void)
{
    signal(SIGABRT, SIG_DFL); /* libFuzzer's handler would keep the input as a crash */
    alarm(300);
    act_all();
}

/* One of these; which one can depend on the thefts. */
static const char *const words[STEP_OPS][3] = {
    [STEP_LEAVE] = {"with an unjoined fork of"},
    [STEP_JOIN_NOTHING] = {"without a fork", "the last unjoined fork is"},
    [STEP_JOIN_WRONG] = {"the last unjoined fork is"},
    [STEP_FORK_TOO_MANY] = {"its fork stack is full"},
    [STEP_RUN_OR_DIE] = {"on a worker of the same runtime"},
};

static void expect_death(void)
{
    struct child child;
    child_run(&child, act_and_die);
    bool died = false;
    for (unsigned i = 0; i < 3 && words[program.misuse][i]; i++)
        died = died || child_died(&child, words[program.misuse][i]);
    FUZZ_CHECK(died, "misuse %d: status 0x%x, said '%s'", (int)program.misuse, child.status,
               child.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};
    program_forget_environment();
    program_decode(&program, &in, CHECKED);
    filch_u64_store(&ran, 0, FILCH_RELAXED); /* no worker lives */
    if (program.misuse) {
        expect_death();
    } else {
        act_all();
        uint64_t tasks = filch_u64_load(&ran, FILCH_RELAXED); /* no worker lives */
        FUZZ_CHECK(tasks == program.tasks, "%llu tasks of %llu", (unsigned long long)tasks,
                   (unsigned long long)program.tasks);
    }
    program_forget_environment();
    return 0;
}
