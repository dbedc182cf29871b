/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_channel *full_channel(void)
{
    filch_channel *channel = channel_of(sizeof(uint64_t), 1);
    filch_channel_send(channel, &(uint64_t){1});
    return channel;
}

/* ---- What happens at once ---- */

Test(select, default_happens_only_without_ready_case)
{
    uint64_t item = 3;
    filch_channel *empty = channel_of(sizeof(uint64_t), 1), *full = full_channel();
    filch_case cases[] = {FILCH_RECEIVE(empty, &item), FILCH_SEND(full, &item), FILCH_UNTIL(0),
                          FILCH_UNTIL(FILCH_FOREVER)};
    cr_assert_eq(filch_select(cases, 4), 2);
    cr_assert_eq(cases[2].code, 0);
    cr_assert_eq(item, 3);
    for (int i = 0; i < 100; i++) { /* not by chance */
        filch_case ready[] = {FILCH_UNTIL(0), FILCH_SEND(empty, &item)};
        cr_assert_eq(filch_select(ready, 2), 1);
        filch_channel_receive(empty, &item);
    }
    filch_channel_destroy(empty);
    filch_channel_destroy(full);
}

Test(select, unchosen_cases_move_nothing)
{
    enum { CHANNELS = 5 };
    filch_channel *channels[CHANNELS];
    uint64_t items[CHANNELS];
    filch_case cases[CHANNELS];
    for (int i = 0; i < CHANNELS; i++) {
        channels[i] = channel_of(sizeof(uint64_t), 2);
        filch_channel_send(channels[i], &(uint64_t){7});
    }
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < CHANNELS; i++) {
            items[i] = 100;
            cases[i] = i % 2 ? (filch_case)FILCH_SEND(channels[i], &items[i])
                             : (filch_case)FILCH_RECEIVE(channels[i], &items[i]);
        }
        int chosen = filch_select(cases, CHANNELS);
        cr_assert_geq(chosen, 0);
        cr_assert_eq(cases[chosen].code, 0);
        for (int i = 0; i < CHANNELS; i++) {
            size_t length = i != chosen ? 1 : i % 2 ? 2 : 0;
            cr_assert_eq(filch_channel_length(channels[i]), length);
            cr_assert_eq(items[i], i == chosen && i % 2 == 0 ? 7 : 100);
        }
        if (chosen % 2) {
            filch_channel_receive(channels[chosen], &items[0]);
            cr_assert_eq(items[0], 7);
            filch_channel_receive(channels[chosen], &items[0]);
            cr_assert_eq(items[0], 100);
        }
        filch_channel_send(channels[chosen], &(uint64_t){7});
    }
    for (int i = 0; i < CHANNELS; i++)
        filch_channel_destroy(channels[i]);
}

Test(select, closed_channels_are_always_ready)
{
    uint64_t item = 0;
    filch_channel *closed = full_channel();
    filch_channel_close(closed);
    filch_case send[] = {FILCH_SEND(closed, &item), FILCH_UNTIL(0)};
    cr_assert_eq(filch_select(send, 2), 0);
    cr_assert_eq(send[0].code, -EPIPE);
    filch_case receive[] = {FILCH_UNTIL(0), FILCH_RECEIVE(closed, &item)};
    cr_assert_eq(filch_select(receive, 2), 1);
    cr_assert_eq(receive[1].code, 0);
    cr_assert_eq(item, 1);
    cr_assert_eq(filch_select(receive, 2), 1);
    cr_assert_eq(receive[1].code, -EPIPE);
    filch_channel_destroy(closed);
}

Test(select, a_context_happens_with_its_cause)
{
    filch_context *parent, *child;
    OK(filch_context_create(&parent, NULL));
    OK(filch_context_create(&child, parent));
    filch_case cases[] = {FILCH_DONE(NULL), FILCH_DONE(child), FILCH_UNTIL(0)};
    cr_assert_eq(filch_select(cases, 3), 2);
    filch_context_cancel(parent, -EIO);
    cr_assert_eq(filch_select(cases, 3), 1);
    cr_assert_eq(cases[1].code, -EIO);
    filch_context_release(child);
    filch_context_release(parent);
}

Test(select, refuses_impossible_or_missing_cases)
{
    uint64_t item = 0;
    filch_channel *channel = full_channel();
    filch_case never[] = {FILCH_RECEIVE(NULL, &item), FILCH_DONE(NULL), FILCH_UNTIL(FILCH_FOREVER)};
    cr_assert_eq(filch_select(never, 2), -EDEADLK);
    cr_assert_eq(filch_select(never, 3), -EDEADLK);
    cr_assert_eq(filch_select(never, 0), -EINVAL);
    filch_case bad[] = {FILCH_RECEIVE(channel, &item), {.kind = (filch_case_kind)4}};
    cr_assert_eq(filch_select(bad, 2), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "case 1"));
    filch_case negative[] = {FILCH_RECEIVE(channel, &item), FILCH_UNTIL(-5)};
    cr_assert_eq(filch_select(negative, 2), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "-5"));
    cr_assert_eq(filch_channel_length(channel), 1, "nothing was tried");
    filch_channel_destroy(channel);
}

/* With any k of n ready, wherever they stand, each of them is chosen at least half as often as it
 * would be by turns. */
Test(select, ready_cases_are_chosen_fairly)
{
    enum { CASES = 5, TRIALS = 600 };
    filch_channel *channels[CASES];
    filch_case cases[CASES];
    uint64_t item = 0;
    for (unsigned ready = 1; ready < 1u << CASES; ready++) {
        unsigned chosen[CASES] = {0}, count = (unsigned)__builtin_popcount(ready);
        for (int i = 0; i < CASES; i++) {
            channels[i] = ready >> i & 1 ? full_channel() : channel_of(sizeof(uint64_t), 1);
            cases[i] = (filch_case)FILCH_RECEIVE(channels[i], &item);
        }
        for (int i = 0; i < TRIALS; i++) {
            int which = filch_select(cases, CASES);
            chosen[which]++;
            filch_channel_send(channels[which], &item);
        }
        for (int i = 0; i < CASES; i++) {
            cr_assert_geq(chosen[i], ready >> i & 1 ? TRIALS / (2 * count) : 0, "%x: case %d",
                          ready, i);
            filch_channel_destroy(channels[i]);
        }
    }
}

Test(select, cases_work_in_any_address_order)
{
    enum { CASES = 500 };
    static filch_channel *channels[CASES];
    static filch_case cases[CASES];
    static uint64_t item;
    uint64_t random = 1;
    for (int i = 0; i < CASES; i++) {
        random = stress_mix(random + (uint64_t)i);
        channels[i] =
            i && random % 7 == 0 ? channels[random % (uint64_t)i] : channel_of(sizeof(uint64_t), 1);
    }
    for (int i = 0; i < CASES; i++)
        cases[i] = (filch_case)FILCH_RECEIVE(channels[i], &item);
    for (int i = 0; i < CASES; i++) {
        filch_channel_send(channels[i], &(uint64_t){(uint64_t)i});
        int which = filch_select(cases, CASES);
        cr_assert_eq(item, (uint64_t)i);
        cr_assert_eq(channels[which], channels[i]);
    }
    for (int i = 0; i < CASES; i++) {
        for (int j = i + 1; j < CASES; j++)
            channels[j] = channels[j] == channels[i] ? NULL : channels[j];
        filch_channel_destroy(channels[i]);
    }
}

/* ---- Waiting, as task and as thread ---- */

enum { MOST = 6 };

typedef struct attempt {
    filch_case cases[MOST];
    size_t count;
    uint64_t item;
    int chosen;
} attempt;

static void select_party(void *arg)
{
    attempt *call = arg;
    call->chosen = filch_select(call->cases, call->count);
}

static void any_channel_ends_it(crew *all, enum crew_kind kind, const char *name)
{
    filch_channel *channels[3] = {channel_of(sizeof(uint64_t), 0), channel_of(sizeof(uint64_t), 1),
                                  full_channel()};
    for (int which = 0; which < 3; which++) {
        attempt call = {.cases = {FILCH_RECEIVE(channels[0], &call.item),
                                  FILCH_RECEIVE(channels[1], &call.item),
                                  FILCH_SEND(channels[2], &call.item), FILCH_RECEIVE(NULL, NULL),
                                  FILCH_UNTIL(FILCH_FOREVER)},
                        .count = 5,
                        .item = 50};
        uint64_t mine = 60;
        crew_start(all, kind, select_party, &call);
        for (int i = 0; i < 3; i++)
            channel_wait_for(channels[i], 1);
        if (which < 2)
            cr_assert_eq(filch_channel_send(channels[which], &mine), 0, "%s", name);
        else
            cr_assert_eq(filch_channel_receive(channels[which], &mine), 0, "%s", name);
        crew_wait(all);
        cr_assert_eq(call.chosen, which, "%s", name);
        cr_assert_eq(call.cases[which].code, 0, "%s", name);
        cr_assert_eq(call.item, which < 2 ? 60 : 50, "%s", name);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(channel_waiting(channels[i]), 0, "%s", name);
            cr_assert_eq(filch_channel_length(channels[i]), i == 2, "%s", name);
        }
    }
    for (int i = 0; i < 3; i++)
        filch_channel_destroy(channels[i]);
}

Test(select, first_ready_channel_wins_others_forget)
{
    crew_everywhere(any_channel_ends_it);
}

static void two_meet(crew *all, enum crew_kind kind, const char *name)
{
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    attempt calls[2];
    for (unsigned i = 0; i < 2; i++) { /* each could also meet itself, but must not */
        uint64_t *item = &calls[i].item;
        calls[i] = (attempt){.cases = {FILCH_SEND(channel, item), FILCH_RECEIVE(channel, item),
                                       FILCH_RECEIVE(channel, item), FILCH_SEND(channel, item)},
                             .count = 4,
                             .item = i};
        crew_start(all, i ? CREW_TASK : kind, select_party, &calls[i]);
        if (!i)
            channel_wait_for(channel, 4);
    }
    crew_wait(all);
    bool first_sent = calls[0].chosen == 0 || calls[0].chosen == 3;
    bool second_sent = calls[1].chosen == 0 || calls[1].chosen == 3;
    cr_assert_neq(first_sent, second_sent, "%s", name);
    cr_assert_eq(calls[0].item, calls[1].item, "%s", name);
    cr_assert_eq(calls[0].item, second_sent, "%s", name);
    cr_assert_eq(channel_waiting(channel), 0, "%s", name);
    filch_channel_destroy(channel);
}

Test(select, two_selects_on_one_channel_meet)
{
    crew_everywhere(two_meet);
}

static void context_ends_it(crew *all, enum crew_kind kind, const char *name)
{
    filch_context *context;
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    OK(filch_context_create(&context, NULL));
    attempt call = {.cases = {FILCH_RECEIVE(channel, &call.item), FILCH_DONE(context)}, .count = 2};
    crew_start(all, kind, select_party, &call);
    channel_wait_for(channel, 1);
    filch_context_cancel(context, -EIO);
    crew_wait(all);
    cr_assert_eq(call.chosen, 1, "%s", name);
    cr_assert_eq(call.cases[1].code, -EIO, "%s", name);
    filch_context_release(context);
    filch_channel_destroy(channel);
}

Test(select, cancelling_a_context_ends_the_wait)
{
    crew_everywhere(context_ends_it);
}

static void time_ends_it(crew *all, enum crew_kind kind, const char *name)
{
    filch_channel *channel = channel_of(sizeof(uint64_t), 0);
    int64_t soon = filch_in(FILCH_MILLISECOND);
    attempt call = {.cases = {FILCH_UNTIL(filch_in(600 * FILCH_SECOND)),
                              FILCH_RECEIVE(channel, &call.item), FILCH_UNTIL(soon),
                              FILCH_UNTIL(FILCH_FOREVER)},
                    .count = 4};
    crew_start(all, kind, select_party, &call);
    crew_wait(all);
    cr_assert_eq(call.chosen, 2, "%s", name);
    cr_assert_eq(call.cases[2].code, 0, "%s", name);
    cr_assert_geq(filch_now(), soon, "%s", name);
    filch_case time_alone[] = {FILCH_UNTIL(filch_in(1)), FILCH_DONE(NULL)};
    cr_assert_eq(filch_select(time_alone, 2), 0, "%s", name);
    filch_channel_destroy(channel);
}

Test(select, the_earliest_deadline_ends_the_wait)
{
    crew_everywhere(time_ends_it);
}

static void its_end_ends_it(crew *all, enum crew_kind kind, bool destroy)
{
    filch_channel *first = channel_of(sizeof(uint64_t), 0),
                  *second = channel_of(sizeof(uint64_t), 0);
    attempt call = {.cases = {FILCH_RECEIVE(first, &call.item), FILCH_SEND(second, &call.item),
                              FILCH_RECEIVE(second, &call.item)},
                    .count = 3};
    crew_start(all, kind, select_party, &call);
    channel_wait_for(first, 1);
    channel_wait_for(second, 2);
    if (destroy)
        filch_channel_destroy(second);
    else
        filch_channel_close(second);
    crew_wait(all);
    cr_assert_gt(call.chosen, 0);
    cr_assert_eq(call.cases[call.chosen].code, destroy ? -EIDRM : -EPIPE);
    cr_assert_eq(channel_waiting(first), 0);
    filch_channel_destroy(first);
    if (!destroy)
        filch_channel_destroy(second);
}

static void closing(crew *all, enum crew_kind kind, const char *name)
{
    its_end_ends_it(all, kind, false);
}

static void destroying(crew *all, enum crew_kind kind, const char *name)
{
    its_end_ends_it(all, kind, true);
}

Test(select, closing_ends_waits_on_both_sides)
{
    crew_everywhere(closing);
}

Test(select, destroying_ends_waits_on_both_sides)
{
    crew_everywhere(destroying);
}
