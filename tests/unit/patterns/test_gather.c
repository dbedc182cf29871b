/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scatter-gather: when it is decided, which functions are told to stop, and that each answer and
 * each argument is released once. */
#include <filch/gather.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000, MOST = 64 };

/* Somebody who is asked. */
typedef struct oracle {
    int code;            /* its return value, */
    bool waits;          /* when its context is done; */
    bool panics;         /* or does not */
    filch_context *ends; /* which it cancels */
    signpost asked, released;
    uint32_t turn; /* among those who were asked */
    int cause;     /* as it saw it */
} oracle;

static oracle oracles[MOST];
static signpost dropped, ended, turns;

static int consult(filch_self self, filch_context *context, void *arg, void **answer)
{
    oracle *one = arg;
    one->turn = filch_u32_add(&turns, 1, FILCH_ACQ_REL);
    signpost_raise(&one->asked);
    if (one->waits)
        one->cause = filch_context_wait(context, FILCH_FOREVER);
    if (one->ends)
        filch_context_cancel(one->ends, -ENOLINK);
    if (one->panics)
        FILCH_PANIC(-EPROTO, "no vision");
    *answer = one;
    signpost_raise(&ended);
    return one->code;
}

static void count_drop(void *value)
{
    signpost_raise(&dropped);
}

static void count_release(void *arg)
{
    signpost_raise(&((oracle *)arg)->released);
}

/* The question that one member asks. */
typedef struct inquiry {
    filch_runtime *rt;
    filch_gather_config config;
    int64_t until;
    filch_answer answers[MOST];
    int rc;
    char said[200];
    unsigned released; /* when it was answered */
} inquiry;

static filch_ask asks[MOST];
static inquiry mine;

static unsigned all_released(size_t count)
{
    unsigned released = 0;
    for (size_t i = 0; i < count; i++)
        released += signpost_count(&oracles[i].released);
    return released;
}

static void inquire(void *arg)
{
    inquiry *one = arg;
    one->rc = filch_gather(one->rt, &one->config, one->answers, one->until);
    snprintf(one->said, sizeof one->said, "%s", filch_error());
    one->released = all_released(one->config.count);
}

static void prepare(crew *all, size_t count, size_t quorum)
{
    memset(oracles, 0, sizeof oracles);
    dropped = ended = (signpost){0};
    for (size_t i = 0; i < count; i++)
        asks[i] = (filch_ask){.name = "oracle", .fn = consult, .arg = &oracles[i]};
    mine = (inquiry){.rt = all->rt,
                     .until = FILCH_FOREVER,
                     .config = {.asks = asks,
                                .count = count,
                                .quorum = quorum,
                                .drop = count_drop,
                                .release = count_release}};
}

/* Returns when everybody has come home. */
static int gather(crew *all, enum crew_kind kind)
{
    crew_start(all, kind, inquire, &mine);
    crew_wait(all);
    for (size_t i = 0; i < mine.config.count; i++)
        signpost_wait(&oracles[i].released, 1);
    cr_assert_eq(all_released(mine.config.count), mine.config.count, "once each");
    return mine.rc;
}

/* ---- Verdicts ---- */

static void three_of_five(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, 5, 3);
    oracles[1].waits = oracles[3].waits = true;
    cr_assert_eq(gather(all, kind), 0, "%s", name);
    for (unsigned i = 0; i < 5; i++) {
        bool waits = oracles[i].waits;
        cr_assert_eq(mine.answers[i].failure.code, waits ? -EINPROGRESS : 0, "%s: %u", name, i);
        cr_assert_eq(mine.answers[i].value, waits ? NULL : (void *)&oracles[i]);
        cr_assert(!signpost_count(&oracles[i].asked) || !waits || oracles[i].cause == -ECANCELED);
    }
    uint32_t asked = signpost_count(&oracles[1].asked) + signpost_count(&oracles[3].asked);
    cr_assert_eq(signpost_count(&dropped), asked, "late answers");
}

Test(gather, quorum_suffices_and_cancels_others)
{
    crew_everywhere(three_of_five);
}

static void two_fail(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, 3, 2);
    oracles[0].waits = true;
    oracles[1].code = -EDOM;
    asks[1].name = "the first";
    oracles[2].panics = true;
    asks[2].name = "the second";
    cr_assert_eq(gather(all, kind), -ENODATA, "%s", name);
    cr_assert_eq(mine.answers[0].failure.code, -EINPROGRESS);
    cr_assert_eq(mine.answers[1].failure.code, -EDOM);
    cr_assert_str_eq(mine.answers[1].failure.task, "the first");
    cr_assert_eq(mine.answers[2].failure.code, -EPROTO);
    cr_assert_str_eq(mine.answers[2].failure.task, "the second");
    cr_assert_str_eq(mine.answers[2].failure.message, "no vision");
    cr_assert(strstr(mine.said, "2 of 3 failed, the first the "), "%s", mine.said);
    const char *first = oracles[1].turn < oracles[2].turn ? "the first: " : "the second: ";
    cr_assert(filch_runtime_workers(all->rt) > 1 || strstr(mine.said, first), "%s", mine.said);
    cr_assert_eq(oracles[0].cause, signpost_count(&oracles[0].asked) ? -ECANCELED : 0);
}

Test(gather, unreachable_quorum_ends_gathering)
{
    crew_everywhere(two_fail);
}

static void some_fail(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, 7, 5);
    oracles[2].code = -EDOM;
    oracles[4].code = 17;
    cr_assert_eq(gather(all, kind), 0, "%s", name);
    for (unsigned i = 0; i < 7; i++) {
        int code = mine.answers[i].failure.code;
        cr_assert(i == 2   ? code == -EDOM || code == -EINPROGRESS
                  : i == 4 ? code == -EINVAL || code == -EINPROGRESS
                           : code == 0);
    }
}

Test(gather, failures_are_listed_beside_the_answers)
{
    crew_everywhere(some_fail);
}

static void all_answer(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, MOST, 0);
    cr_assert_eq(gather(all, kind), 0, "%s", name);
    for (unsigned i = 0; i < MOST; i++)
        cr_assert_eq(mine.answers[i].value, &oracles[i]);
    cr_assert_eq(signpost_count(&dropped), 0);
    prepare(all, MOST, 0);
    oracles[MOST - 1].code = -EDOM;
    cr_assert_eq(gather(all, kind), -ENODATA, "one is missing");
}

Test(gather, without_a_quorum_all_are_needed)
{
    crew_everywhere(all_answer);
}

Test(gather, decision_skips_unstarted_calls)
{
    static crew all;
    crew_open(&all, 0); /* one worker */
    prepare(&all, MOST, 1);
    mine.config.linger = true;
    cr_assert_eq(gather(&all, CREW_TASK), 0);
    cr_assert_eq(signpost_count(&ended), 1);
    crew_close(&all);
}

/* ---- Time, and contexts from above ---- */

static void too_slow(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, 4, 2);
    oracles[0].waits = oracles[1].waits = oracles[3].waits = true;
    int64_t until = mine.until = filch_in(3 * MS);
    cr_assert_eq(gather(all, kind), -ETIMEDOUT, "%s", name);
    cr_assert_geq(filch_now(), until);
    for (unsigned i = 0; i < 4; i++) {
        int code = mine.answers[i].failure.code;
        cr_assert(code == -EINPROGRESS || (i == 2 && code == 0));
        cr_assert(i == 2 || !signpost_count(&oracles[i].asked) || oracles[i].cause == -ETIMEDOUT);
    }
    prepare(all, 4, 2);
    mine.until = 0;
    cr_assert_eq(gather(all, kind), -ETIMEDOUT, "too late from the start");
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(signpost_count(&oracles[i].asked), 0);
}

Test(gather, timeout_returns_partial_answers)
{
    crew_everywhere(too_slow);
}

static void from_above(crew *all, enum crew_kind kind, const char *name)
{
    filch_context *above;
    OK(filch_context_create(&above, NULL));
    prepare(all, 3, 2);
    mine.config.context = above;
    for (unsigned i = 0; i < 3; i++)
        oracles[i].waits = true;
    crew_start(all, kind, inquire, &mine);
    signpost_wait(&oracles[0].asked, 1);
    filch_context_cancel(above, -ENOLINK);
    crew_wait(all);
    for (unsigned i = 0; i < 3; i++)
        signpost_wait(&oracles[i].released, 1);
    cr_assert_eq(mine.rc, -ENOLINK, "%s", name);
    cr_assert_eq(oracles[0].cause, -ENOLINK);
    filch_context_release(above);
}

Test(gather, a_context_from_above_ends_it)
{
    crew_everywhere(from_above);
}

static void end_it(crew *all, enum crew_kind kind, const char *name)
{
    filch_context *above;
    OK(filch_context_create(&above, NULL));
    prepare(all, 1, 1);
    mine.config.context = oracles[0].ends = above;
    cr_assert_eq(gather(all, kind), -ENOLINK, "%s", name);
    cr_assert_eq(mine.answers[0].failure.code, -EINPROGRESS);
    cr_assert_eq(signpost_count(&dropped), 1);
    filch_context_release(above);
}

Test(gather, answer_after_end_counts_as_late)
{
    crew_everywhere(end_it);
}

static void linger(crew *all, enum crew_kind kind, const char *name)
{
    prepare(all, 6, 1);
    for (unsigned i = 1; i < 6; i++)
        oracles[i].waits = true;
    mine.config.linger = true;
    cr_assert_eq(gather(all, kind), 0);
    cr_assert_eq(mine.released, 6, "%s: nobody is under way", name);
}

Test(gather, who_lingers_returns_after_everybody)
{
    crew_everywhere(linger);
}

/* ---- Misuse ---- */

Test(gather, bad_arguments_are_refused)
{
    static crew all;
    crew_open(&all, 2);
    prepare(&all, 2, 1);
    filch_gather_config good = mine.config, config;
    filch_answer answers[2];
    cr_assert_eq(filch_gather(all.rt, NULL, answers, 0), -EINVAL);
    cr_assert_eq(filch_gather(all.rt, &good, NULL, 0), -EINVAL);
    cr_assert_eq(filch_gather(all.rt, &good, answers, -1), -EINVAL);
    cr_assert_eq(filch_gather(NULL, &good, answers, 0), -EINVAL, "no task calls");
#define REFUSED(change)                                                                            \
    config = good;                                                                                 \
    config.change;                                                                                 \
    cr_assert_eq(filch_gather(all.rt, &config, answers, 0), -EINVAL, #change);
    REFUSED(asks = NULL)
    REFUSED(count = 0)
    REFUSED(count = FILCH_ASKS_MAX + 1)
    REFUSED(quorum = 3)
    asks[1].fn = NULL;
    REFUSED(count = 2)
    cr_assert_eq(all_released(2), 0);
    crew_close(&all);
}
