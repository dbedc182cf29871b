/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <fenv.h>
#include <filch/base.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/switch/switch_frame.h>
#include <stdint.h>
#include <tests/support/test.h>

enum { STACK = 64 * 1024, ROUNDS = 100 };

/* One side of a conversation between two stacks. */
typedef struct side {
    fl_switch_frame context;
    fl_shadow shadow;
} side;

static side home, away;
static char *stack;
static unsigned steps[2 * ROUNDS + 2], step;
static void *argument;
static uintptr_t address;

static void cross(side *from, side *to)
{
    fl_shadow_leave(&from->shadow, &to->shadow);
    fl_switch_frame_swap(&from->context, &to->context);
    fl_shadow_enter(&from->shadow, &to->shadow);
}

static void talk(void *arg)
{
    fl_shadow_enter(&away.shadow, &home.shadow);
    FILCH_ALIGNED(16) char aligned[16];
    address = (uintptr_t)aligned;
    argument = arg;
    for (unsigned i = 0;; i++) {
        steps[step++] = 2 * i + 1;
        cross(&away, &home);
    }
}

static void lay_out(void)
{
    stack = aligned_alloc(16, STACK);
    cr_assert_not_null(stack);
    fl_shadow_adopt_thread(&home.shadow);
    fl_shadow_create(&away.shadow, stack, STACK);
}

static void clear(void)
{
    fl_shadow_destroy(&away.shadow);
    free(stack);
}

TestSuite(context_switch, .init = lay_out, .fini = clear);

Test(context_switch, two_stacks_alternate_and_keep_locals)
{
    fl_switch_frame_make(&away.context, stack + STACK, talk, &step);
    for (unsigned i = 0; i < ROUNDS; i++) {
        steps[step++] = 2 * i;
        cross(&home, &away);
    }
    cr_assert_eq(argument, &step);
    for (unsigned i = 0; i < 2 * ROUNDS; i++)
        cr_assert_eq(steps[i], i);
}

Test(context_switch, entry_runs_on_own_aligned_stack)
{
    fl_switch_frame_make(&away.context, stack + STACK, talk, NULL);
    cross(&home, &away);
    if (!away.shadow.fake) /* address sanitizer may keep locals elsewhere */
        cr_assert(address >= (uintptr_t)stack && address < (uintptr_t)stack + STACK);
    cr_assert_eq(address % 16, 0);
}

static int rounding_there;
static double sum_there;

static void round_upward(void *unused)
{
    fl_shadow_enter(&away.shadow, &home.shadow);
    fesetround(FE_UPWARD);
    cross(&away, &home);
    rounding_there = fegetround();
    volatile double one = 1, tiny = 1e-30;
    sum_there = one + tiny;
    cross(&away, &home);
}

Test(context_switch, floating_point_mode_stays_with_stack)
{
    fesetround(FE_TOWARDZERO);
    fl_switch_frame_make(&away.context, stack + STACK, round_upward, NULL);
    cross(&home, &away);
    cr_assert_eq(fegetround(), FE_TOWARDZERO);
    cross(&home, &away);
    cr_assert_eq(rounding_there, FE_UPWARD);
    cr_assert_gt(sum_there, 1.0);
    volatile double one = 1, tiny = 1e-30;
    cr_assert_eq(one + tiny, 1.0);
    fesetround(FE_TONEAREST);
}

/* More values than any processor has callee-saved registers for, whole and floating. Neighbours
 * change differently, so that no compiler puts two of them into one register. */
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define START(i)                                                                                   \
    long n##i = seed + i;                                                                          \
    double d##i = (double)n##i;
#define CHANGE(i)                                                                                  \
    n##i = n##i * 3 + i;                                                                           \
    d##i = i % 2 ? d##i + (double)n##i : d##i - (double)n##i;
#define PUT(i)                                                                                     \
    end.n[i] = n##i;                                                                               \
    end.d[i] = d##i;

enum { VALUES = 14 };
typedef struct held {
    long n[VALUES];
    double d[VALUES];
} held;

/* from NULL: without a switch, so that there is something to compare with. */
static held hold(side *from, side *to, long seed)
{
    held end;
    EACH(START)
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        EACH(CHANGE)
        if (from)
            cross(from, to);
    }
    EACH(PUT)
    return end;
}

enum { SEED_HERE = 3, SEED_THERE = 1000 };
static held there;

static void hold_there(void *unused)
{
    fl_shadow_enter(&away.shadow, &home.shadow);
    there = hold(&away, &home, SEED_THERE);
    cross(&away, &home);
}

Test(context_switch, callee_saved_registers_stay_with_stack)
{
    fl_switch_frame_make(&away.context, stack + STACK, hold_there, NULL);
    held here = hold(&home, &away, SEED_HERE);
    cross(&home, &away);
    held alone = hold(NULL, NULL, SEED_HERE), alone_there = hold(NULL, NULL, SEED_THERE);
    cr_assert_arr_eq(here.n, alone.n, sizeof here.n);
    cr_assert_arr_eq(here.d, alone.d, sizeof here.d);
    cr_assert_arr_eq(there.n, alone_there.n, sizeof there.n);
    cr_assert_arr_eq(there.d, alone_there.d, sizeof there.d);
}
