/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A select looks at exactly the cases that it is given, as they are now, and at the earliest of
 * their deadlines. */
#include <limits.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static uint64_t item;

static filch_case receive_from(filch_channel *channel)
{
    return (filch_case)FILCH_RECEIVE(channel, &item);
}

static filch_case deadline(int64_t until)
{
    return (filch_case)FILCH_UNTIL(until);
}

/* ---- Deadlines ---- */

Test(select_cases, a_deadline_counts_wherever_it_stands)
{
    for (size_t at = 0; at < 3; at++) {
        filch_case cases[] = {receive_from(NULL), receive_from(NULL), receive_from(NULL)};
        cases[at] = deadline(0);
        cases[at].code = 7; /* of an earlier select */
        cr_assert_eq(filch_select(cases, 3), (int)at, "%s", filch_error());
        cr_assert_eq(cases[at].code, 0);
    }
}

Test(select_cases, earlier_deadline_wins_by_nanosecond)
{
    filch_channel *empty = channel_of(sizeof item, 1);
    filch_case later_first[] = {deadline(2), receive_from(empty), deadline(1)};
    cr_assert_eq(filch_select(later_first, 3), 2);
    filch_case earlier_first[] = {deadline(1), receive_from(empty), deadline(2)};
    cr_assert_eq(filch_select(earlier_first, 3), 0);
    filch_channel_destroy(empty);
}

Test(select_cases, a_deadline_never_happens_early)
{
    filch_channel *empty = channel_of(sizeof item, 1);
    int64_t until = filch_in(5 * FILCH_MILLISECOND);
    filch_case cases[] = {receive_from(empty), deadline(until)};
    cr_assert_eq(filch_select(cases, 2), 1);
    cr_assert_geq(filch_now(), until);
    filch_channel_destroy(empty);
}

Test(select_cases, deadline_object_is_ignored)
{
    filch_channel *full = channel_of(sizeof item, 1);
    OK(filch_channel_send(full, &item));
    filch_case cases[] = {receive_from(full), receive_from(NULL)};
    cases[0].kind = FILCH_CASE_UNTIL;
    cr_assert_eq(filch_select(cases, 2), 0);
    cr_assert_eq(cases[0].code, 0);
    cr_assert_eq(filch_channel_length(full), 1, "nothing was received");
    filch_channel_destroy(full);
}

Test(select_cases, deadline_before_time_zero_is_refused)
{
    filch_case cases[] = {deadline(0), deadline(-1)};
    cr_assert_eq(filch_select(cases, 2), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "case 1 is a deadline of -1 ns"));
}

/* It looks at the cases, of which the first is refused. */
Test(select_cases, int_max_cases_are_allowed)
{
    filch_case bad = {.kind = (filch_case_kind)(FILCH_CASE_UNTIL + 1)};
    cr_assert_eq(filch_select(&bad, INT_MAX), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "case 0 is of kind"));
    cr_assert_eq(filch_select(&bad, (size_t)INT_MAX + 1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "at most 2147483647"));
}

/* ---- Cases behind the last, and of an earlier select ---- */

Test(select_cases, deadline_beyond_last_case_is_ignored)
{
    filch_channel *empty = channel_of(sizeof item, 1);
    filch_case cases[] = {receive_from(empty), deadline(filch_in(FILCH_MILLISECOND)), deadline(0)};
    cr_assert_eq(filch_select(cases, 2), 1);
    filch_channel_destroy(empty);
}

Test(select_cases, ready_case_beyond_last_is_ignored)
{
    filch_channel *empty = channel_of(sizeof item, 1), *other = channel_of(sizeof item, 1);
    filch_case cases[] = {receive_from(empty), deadline(0), receive_from(other)};
    for (int i = 0; i < 100; i++) { /* the order of trying is random */
        cr_assert_eq(filch_select(cases, 3), 1);
        OK(filch_channel_send(other, &item));
        cr_assert_eq(filch_select(cases, 2), 1);
        OK(filch_channel_receive(other, &item));
    }
    filch_channel_destroy(empty);
    filch_channel_destroy(other);
}

Test(select_cases, select_repeats_after_case_loses_channel)
{
    filch_channel *channels[] = {channel_of(sizeof item, 1), channel_of(sizeof item, 1)};
    for (int lost = 0; lost < 2; lost++) {
        filch_case cases[] = {receive_from(channels[0]), receive_from(channels[1]), deadline(0)};
        cr_assert_eq(filch_select(cases, 3), 2);
        cases[lost].object = NULL;
        cr_assert_eq(filch_select(cases, 3), 2);
    }
    filch_channel_destroy(channels[0]);
    filch_channel_destroy(channels[1]);
}
