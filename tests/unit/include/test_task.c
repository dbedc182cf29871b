/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The macros: every shape of task gives its result when its owner runs it and when a thief does. */
#include <stdint.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

typedef struct five {
    int64_t at[5];
} five;

static signpost started;
static bool by_thieves;

/* Called between fork and join: with thieves, the join finds its task taken. */
static void let_it_be_taken(void)
{
    if (by_thieves)
        signpost_wait(&started, 1);
    filch_u32_store(&started, 0, FILCH_RELEASE);
}

FILCH_TASK(int, none)
{
    signpost_raise(&started);
    return 42;
}

FILCH_TASK(double, one, (double, a))
{
    signpost_raise(&started);
    return a / 2;
}

FILCH_TASK(char, two, (const char *, text), (size_t, at))
{
    signpost_raise(&started);
    return text[at];
}

FILCH_TASK(const char *, three, (const char *, text), (uint8_t, skip), (bool, twice))
{
    signpost_raise(&started);
    return text + skip * (twice ? 2 : 1);
}

FILCH_TASK(float, four, (float, a), (int16_t, b), (int64_t, c), (uint8_t, d))
{
    signpost_raise(&started);
    return a + (float)b + (float)c + (float)d;
}

FILCH_TASK(uint64_t, all_five, (uint64_t, a), (uint64_t, b), (uint64_t, c), (uint64_t, d),
           (uint64_t, e))
{
    signpost_raise(&started);
    return a ^ b ^ c ^ d ^ e;
}

FILCH_TASK(five, turn, (five, in))
{
    signpost_raise(&started);
    return (five){{in.at[4], in.at[3], in.at[2], in.at[1], in.at[0]}};
}

FILCH_VOID_TASK(put, (int *, where), (int, what))
{
    *where = what;
    signpost_raise(&started);
}

FILCH_VOID_TASK(tick)
{
    signpost_raise(&started);
}

static unsigned wrong_scalars(filch_self self)
{
    static const char text[] = "work stealing";
    unsigned wrong = 0;
    FILCH_FORK(none);
    let_it_be_taken();
    FILCH_JOIN(int answer, none);
    wrong += answer != 42;
    FILCH_FORK(one, -2.5);
    let_it_be_taken();
    FILCH_JOIN(double half, one);
    wrong += half != -1.25;
    FILCH_FORK(two, text, 5);
    let_it_be_taken();
    FILCH_JOIN(char letter, two);
    wrong += letter != 's';
    FILCH_FORK(three, text, 2, true);
    let_it_be_taken();
    FILCH_JOIN(const char *rest, three);
    wrong += rest != text + 4;
    FILCH_FORK(four, 0.5f, -3, INT64_C(7), 255);
    let_it_be_taken();
    FILCH_JOIN(float sum, four);
    wrong += sum != 259.5f;
    FILCH_FORK(all_five, 1, 2, 4, 8, UINT64_C(1) << 63);
    let_it_be_taken();
    FILCH_JOIN(uint64_t bits, all_five);
    return wrong + (bits != (UINT64_C(1) << 63 | 15));
}

static unsigned wrong_structs_and_places(filch_self self)
{
    unsigned wrong = 0;
    five there = {{1, -2, 3, -4, INT64_MIN}}, back;
    FILCH_FORK(turn, there);
    let_it_be_taken();
    FILCH_JOIN(back, turn);
    for (int i = 0; i < 5; i++)
        wrong += back.at[i] != there.at[4 - i];
    int places[3] = {0}, *next = places;
    FILCH_FORK(put, places + 2, 9);
    let_it_be_taken();
    FILCH_JOIN_VOID(put);
    wrong += places[2] != 9;
    FILCH_FORK(none);
    let_it_be_taken();
    FILCH_JOIN(*next++, none);
    wrong += places[0] != 42 || next != places + 1;
    FILCH_FORK(tick);
    let_it_be_taken();
    FILCH_JOIN_VOID(tick);
    return wrong;
}

FILCH_TASK(unsigned, every_shape)
{
    unsigned wrong = wrong_scalars(self);
    return wrong + wrong_structs_and_places(self);
}

static void check_every_shape(unsigned workers, const char *queue)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .queue = queue}));
    by_thieves = workers > 1;
    cr_assert_eq(FILCH_RUN(rt, every_shape), 0);
    OK(filch_runtime_destroy(rt));
}

Test(task, owner_returns_every_shape_correctly)
{
    check_every_shape(1, "chase-lev");
    check_every_shape(1, "central-mutex");
}

Test(task, thief_returns_every_shape_correctly)
{
    check_every_shape(2, "chase-lev");
    check_every_shape(2, "central-mutex");
}

FILCH_TASK(long, sum_to, (int, n))
{
    if (n == 0)
        return 0;
    FILCH_FORK(sum_to, n - 1);
    FILCH_JOIN(long rest, sum_to);
    return rest + n;
}

FILCH_TASK(long, add, (long, a), (long, b))
{
    return a + b;
}

FILCH_TASK(long, arguments_that_fork)
{
    FILCH_FORK(add, 100, sum_to(self, 7));
    FILCH_FORK(add, sum_to(self, 3), sum_to(self, 4));
    FILCH_JOIN(long second, add);
    FILCH_JOIN(long first, add);
    return 1000 * first + second;
}

FILCH_TASK_DECLARE(long, declared_fib, (int, n));
FILCH_VOID_TASK_DECLARE(fill, (int *, from), (int, count));

FILCH_TASK(long, uses_declared_tasks, (int, n))
{
    int filled[8] = {0};
    FILCH_FORK(fill, filled, 8);
    FILCH_FORK(declared_fib, n);
    long direct = declared_fib(self, n);
    FILCH_JOIN(long forked, declared_fib);
    FILCH_JOIN_VOID(fill);
    for (int i = 0; i < 8; i++)
        direct += filled[i] - i;
    return direct == forked ? forked : -1;
}

FILCH_TASK_DEFINE(long, declared_fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(declared_fib, n - 1);
    long right = declared_fib(self, n - 2);
    FILCH_JOIN(long left, declared_fib);
    return left + right;
}

FILCH_VOID_TASK_DEFINE(fill, (int *, from), (int, count))
{
    for (int i = 0; i < count; i++)
        from[i] = i;
}

static long run(unsigned workers, long (*call)(filch_runtime *))
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers}));
    long result = call(rt);
    OK(filch_runtime_destroy(rt));
    return result;
}

static long call_arguments(filch_runtime *rt)
{
    return FILCH_RUN(rt, arguments_that_fork);
}

static long call_declared(filch_runtime *rt)
{
    return FILCH_RUN(rt, uses_declared_tasks, 20);
}

Test(task, arguments_may_fork_and_join_themselves)
{
    cr_assert_eq(run(1, call_arguments), 128016);
    cr_assert_eq(run(2, call_arguments), 128016);
}

Test(task, declared_here_defined_there)
{
    cr_assert_eq(run(1, call_declared), 6765);
    cr_assert_eq(run(2, call_declared), 6765);
}

/* As a language without C macros does it. */
FILCH_TASK(long, fib_by_functions, (int, n))
{
    if (n < 2)
        return n;
    memcpy(filch_arguments(self), &(int){n - 1}, sizeof n);
    self = filch_fork(self, &fib_by_functions_task);
    long right = fib_by_functions(self, n - 2), left;
    self--;
    if (filch_join(self))
        return fib_by_functions(self, n - 1) + right;
    memcpy(&left, filch_arguments(self), sizeof left);
    return left + right;
}

static long call_functions(filch_runtime *rt)
{
    return FILCH_RUN(rt, fib_by_functions, 20);
}

Test(task, exported_functions_match_macros)
{
    cr_assert_eq(run(1, call_functions), 6765);
    cr_assert_eq(run(2, call_functions), 6765);
}
