/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls through a breaker by tasks and threads, and its notifications of changes: under no lock, in
 * order, for any behaviour of the notified function. */
#include <runtime/resilience/breaker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_breaker_stats look(const filch_breaker *breaker)
{
    filch_breaker_stats stats;
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    return stats;
}

static filch_breaker *breaker_of(filch_breaker_config config)
{
    filch_breaker *breaker = NULL;
    cr_assert_eq(filch_breaker_create(&breaker, &config), 0, "%s", filch_error());
    return breaker;
}

/* ---- Calls ---- */

static int returns(void *arg)
{
    return *(int *)arg;
}

static int never(void *unused)
{
    filch_die("this may never be called");
}

struct caller {
    filch_breaker *breaker;
    int wrong;
};

static void call_all(void *arg)
{
    static const int codes[] = {0, 17, -EIO, -ECANCELED, -ETIMEDOUT};
    struct caller *one = arg;
    for (unsigned i = 0; i < 5; i++) {
        int code = codes[i];
        one->wrong += filch_breaker_call(one->breaker, returns, &code) != code;
    }
}

static void call_counts(crew *all, enum crew_kind kind, const char *name)
{
    enum { CALLERS = 20 };
    struct caller callers[CALLERS];
    filch_breaker *breaker = breaker_of((filch_breaker_config){.failure_percent = 100});
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.breaker = breaker};
        crew_start(all, kind, call_all, &callers[i]);
    }
    crew_wait(all);
    for (unsigned i = 0; i < CALLERS; i++)
        cr_assert_eq(callers[i].wrong, 0, "%s", name);
    filch_breaker_stats stats = look(breaker);
    cr_assert_eq(stats.succeeded, 2 * CALLERS, "%s", name);
    cr_assert_eq(stats.failed, 2 * CALLERS, "%s", name);
    cr_assert_eq(stats.neither, CALLERS, "%s", name);
    filch_breaker_destroy(breaker);
}

Test(breaker_call, call_returns_and_counts_result)
{
    crew_everywhere(call_counts);
}

Test(breaker_call, open_breaker_calls_nothing)
{
    filch_breaker *breaker = breaker_of((filch_breaker_config){.name = "the shop"});
    OK(filch_breaker_trip(breaker, FILCH_FOREVER));
    cr_assert_eq(filch_breaker_state_read(breaker), FILCH_BREAKER_OPEN);
    cr_assert_eq(filch_breaker_call(breaker, never, NULL), -EHOSTDOWN);
    cr_assert_not_null(strstr(filch_error(), "the shop"));
    cr_assert_eq(look(breaker).refused, 1);
    filch_breaker_reset(breaker);
    cr_assert_eq(filch_breaker_call(breaker, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_breaker_call(NULL, never, NULL), -EINVAL);
    filch_breaker_destroy(breaker);
}

static filch_breaker_verdict only_io(int code, void *arg)
{
    *(int *)arg += 1;
    return code == -EIO ? FILCH_BREAKER_FAILURE : FILCH_BREAKER_SUCCESS;
}

Test(breaker_call, caller_judge_defines_failure)
{
    int asked = 0, missing = -ENOENT, broken = -EIO;
    filch_breaker *breaker =
        breaker_of((filch_breaker_config){.consecutive = 2, .judge = only_io, .arg = &asked});
    for (int i = 0; i < 5; i++)
        cr_assert_eq(filch_breaker_call(breaker, returns, &missing), -ENOENT);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(filch_breaker_call(breaker, returns, &broken), -EIO);
    cr_assert_eq(filch_breaker_state_read(breaker), FILCH_BREAKER_OPEN);
    cr_assert_eq(asked, 7);
    filch_breaker_destroy(breaker);
}

/* ---- Panics of what is called ---- */

static int panics(void *unused)
{
    FILCH_PANIC(-EDOM, "the callee gives up");
}

static int suspends_and_panics(void *unused)
{
    filch_sleep(FILCH_MICROSECOND);
    return panics(unused);
}

static filch_breaker_verdict panics_at_io(int code, void *unused)
{
    if (code == -EIO)
        FILCH_PANIC(-ERANGE, "the judge gives up");
    return FILCH_BREAKER_SUCCESS;
}

struct attempt {
    filch_breaker *breaker;
    int (*fn)(void *arg);
    int returned;
};

static void attempt_call(filch_self self, void *arg)
{
    struct attempt *one = arg;
    filch_breaker_call(one->breaker, one->fn, &one->returned);
}

/* Each as the one probe of a half-open breaker, which so would be lost if one was. */
FILCH_TASK(int, probes_panic, (filch_breaker *, breaker))
{
    static const struct {
        struct attempt attempt;
        int code;
    } cases[] = {{{NULL, panics, 0}, -EDOM},
                 {{NULL, suspends_and_panics, 0}, -EDOM},
                 {{NULL, returns, -EIO}, -ERANGE}};
    for (unsigned i = 0; i < 3; i++) {
        struct attempt attempt = cases[i].attempt;
        filch_failure failure;
        attempt.breaker = breaker;
        filch_breaker_trip(breaker, 0);
        if (filch_try(self, attempt_call, &attempt, &failure) != cases[i].code)
            return 1;
        filch_breaker_stats stats = look(breaker);
        if (stats.state != FILCH_BREAKER_OPEN || stats.failed != i + 1 || stats.probes)
            return 2;
    }
    filch_breaker_trip(breaker, 0);
    int fine = 3;
    if (filch_breaker_call(breaker, returns, &fine) != 3)
        return 3;
    return look(breaker).state != FILCH_BREAKER_CLOSED;
}

Test(breaker_call, panic_counts_as_failure_without_leak)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        filch_breaker *breaker = breaker_of((filch_breaker_config){.judge = panics_at_io});
        cr_assert_eq(FILCH_RUN(rt, probes_panic, breaker), 0, "%s", config_name(c));
        filch_breaker_destroy(breaker);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Notifications ---- */

enum { TOLD = 1000 };
static struct diary {
    filch_breaker_change told[TOLD];
    unsigned count;
    unsigned again; /* so often it changes the state itself */
} diary;

/* Calls the breaker itself: no lock is held. */
static void tell_and_change(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    struct diary *to = arg;
    cr_assert_lt(to->count, TOLD);
    to->told[to->count++] = *change;
    if (!to->again)
        return;
    to->again--;
    if (filch_breaker_state_read(breaker) == FILCH_BREAKER_OPEN)
        filch_breaker_reset(breaker);
    else
        OK(filch_breaker_trip(breaker, FILCH_FOREVER));
}

static void is_a_chain(const struct diary *of)
{
    for (unsigned i = 1; i < of->count; i++) {
        cr_assert_gt(of->told[i].number, of->told[i - 1].number);
        cr_assert_eq(of->told[i].from, of->told[i - 1].to);
        cr_assert_geq(of->told[i].when, of->told[i - 1].when);
    }
}

Test(breaker_told, callbacks_own_changes_are_reported_later)
{
    diary = (struct diary){.again = 500};
    filch_breaker *breaker =
        breaker_of((filch_breaker_config){.changed = tell_and_change, .arg = &diary});
    filch_breaker_trip(breaker, FILCH_FOREVER);
    cr_assert_eq(diary.count, 501);
    for (unsigned i = 0; i < 501; i++)
        cr_assert_eq(diary.told[i].number, i + 1);
    is_a_chain(&diary);
    filch_breaker_destroy(breaker);
}

/* More changes than are kept, while it is told of the first. */
static void change_often(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    struct diary *to = arg;
    to->told[to->count++] = *change;
    for (; to->again; to->again--) {
        filch_breaker_reset(breaker);
        filch_breaker_trip(breaker, FILCH_FOREVER);
    }
}

Test(breaker_told, overflowing_changes_still_report_last)
{
    const unsigned kept = BUILD_TINY ? 2 : 16;
    diary = (struct diary){.again = 100};
    filch_breaker *breaker =
        breaker_of((filch_breaker_config){.changed = change_often, .arg = &diary});
    filch_breaker_trip(breaker, FILCH_FOREVER);
    cr_assert_eq(diary.count, 1 + kept);
    is_a_chain(&diary);
    for (unsigned i = 0; i < kept; i++)
        cr_assert_eq(diary.told[i].number, i + 1);
    cr_assert_eq(diary.told[kept].number, 201, "the gap is seen");
    cr_assert_eq(diary.told[kept].to, FILCH_BREAKER_OPEN);
    filch_breaker_destroy(breaker);
}

/* ---- Panics of the notified function ---- */

static void note_and_panic(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    change_often(breaker, change, arg);
    FILCH_PANIC(-ENOTSUP, "change %u", (unsigned)change->number);
}

static int returns_nothing(void *unused)
{
    return 0;
}

static void trip(filch_self self, void *breaker)
{
    filch_breaker_trip(breaker, 0);
}

static void reset(filch_self self, void *breaker)
{
    filch_breaker_reset(breaker);
}

/* The first panic is the caller's; the remaining changes are told all the same. */
FILCH_TASK(int, all_is_told, (filch_breaker *, breaker))
{
    filch_failure failure;
    diary = (struct diary){.again = BUILD_TINY ? 1 : 5};
    unsigned changes = 1 + 2 * diary.again;
    if (filch_try(self, trip, breaker, &failure) != -ENOTSUP ||
        strcmp(failure.message, "change 1") != 0)
        return 1;
    return diary.count != changes || diary.told[changes - 1].number != changes;
}

/* Asking makes it half-open, of which the function is told before the ticket is had. */
FILCH_TASK(int, the_probe_is_given_back, (filch_breaker *, breaker))
{
    struct attempt attempt = {breaker, never, 0};
    filch_failure failure;
    if (filch_try(self, reset, breaker, NULL) != -ENOTSUP ||
        filch_try(self, trip, breaker, NULL) != -ENOTSUP)
        return 1;
    if (filch_try(self, attempt_call, &attempt, &failure) != -ENOTSUP)
        return 2;
    filch_breaker_stats stats = look(breaker);
    if (stats.state != FILCH_BREAKER_HALF_OPEN || stats.probes || stats.neither != 1)
        return 3;
    attempt.fn = returns_nothing; /* succeeds, which closes it, of which is told */
    return filch_try(self, attempt_call, &attempt, &failure) != -ENOTSUP ||
           look(breaker).state != FILCH_BREAKER_CLOSED;
}

Test(breaker_told, callback_panic_ends_call_loses_nothing)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        filch_breaker *breaker =
            breaker_of((filch_breaker_config){.changed = note_and_panic, .arg = &diary});
        cr_assert_eq(FILCH_RUN(rt, all_is_told, breaker), 0, "%s", config_name(c));
        cr_assert_eq(FILCH_RUN(rt, the_probe_is_given_back, breaker), 0, "%s", config_name(c));
        filch_breaker_destroy(breaker);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- From all sides ---- */

struct hand {
    filch_breaker *breaker;
    unsigned number;
};

static void trip_and_reset(void *arg)
{
    const struct hand *one = arg;
    for (unsigned i = 0; i < 50; i++)
        if ((one->number + i) % 2)
            filch_breaker_trip(one->breaker, FILCH_FOREVER);
        else
            filch_breaker_reset(one->breaker);
}

/* It suspends: a thread that changes the state meanwhile continues, and leaves the notification to
 * it. */
static void note_slowly(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    static signpost inside;
    struct diary *to = arg;
    if (filch_u32_add(&inside, 1, FILCH_ACQ_REL) != 0)
        filch_die("two are told at a time");
    to->told[to->count++] = *change;
    if (change->number % 4 == 0)
        filch_sleep(FILCH_MICROSECOND);
    filch_u32_add(&inside, (uint32_t)-1, FILCH_ACQ_REL);
}

static void told_in_order(crew *all, enum crew_kind kind, const char *name)
{
    enum { HANDS = 20 };
    struct hand hands[HANDS];
    diary = (struct diary){0};
    filch_breaker *breaker =
        breaker_of((filch_breaker_config){.changed = note_slowly, .arg = &diary});
    for (unsigned i = 0; i < HANDS; i++) {
        hands[i] = (struct hand){breaker, i};
        crew_start(all, kind, trip_and_reset, &hands[i]);
    }
    crew_wait(all);
    is_a_chain(&diary);
    cr_assert_gt(diary.count, 0);
    cr_assert_eq(diary.told[diary.count - 1].to, filch_breaker_state_read(breaker), "%s", name);
    filch_breaker_destroy(breaker);
}

Test(breaker_told, concurrent_changes_are_reported_in_order)
{
    crew_everywhere(told_in_order);
}
