/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Search: the smallest index, even if another one is found first; any and all; refused
 * arguments. */
#include <tests/support/par.h>
#include <tests/support/test.h>

FILCH_FIND(marked, i, (const uint8_t *, mark))
{
    return mark[i];
}

FILCH_ANY(any_marked, i, (const uint8_t *, mark))
{
    return mark[i];
}

FILCH_ALL(all_unmarked, i, (const uint8_t *, mark))
{
    return !mark[i];
}

FILCH_FIND(beyond, i, (size_t, limit))
{
    return i > limit;
}

FILCH_FIND(stops, i, (size_t, at))
{
    if (i == at)
        FILCH_STOP_WITH(-EIO, false);
    return false;
}

/* Random marks, few or many: the search finds the same as a plain loop. */
static void compare(filch_runtime *rt, uint64_t *state)
{
    size_t n = par_size(state, 1000000), first = n, where = 12345;
    uint8_t *mark = calloc(n + 1, 1);
    for (uint64_t marks = n ? par_random(state) % 4 : 0; marks; marks--)
        mark[par_random(state) % n] = 1;
    for (size_t i = n; i; i--)
        if (mark[i - 1])
            first = i - 1;
    int rc = FILCH_RUN(rt, marked, 0, n, &where, mark);
    cr_assert_eq(rc, first < n ? 0 : -ENOENT);
    cr_assert_eq(where, first < n ? first : 12345);
    cr_assert_eq(FILCH_RUN(rt, any_marked, 0, n, mark), first < n);
    cr_assert_eq(FILCH_RUN(rt, all_unmarked, 0, n, mark), first == n);
    free(mark);
}

Test(par_find, the_smallest_index_is_found)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(30); times; times--)
            compare(rt, &state);
        filch_runtime_destroy(rt);
    }
}

Test(par_find, unbounded_search_ends_after_hit)
{
    size_t where = 0;
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        cr_assert_eq(FILCH_RUN(rt, beyond, 0, SIZE_MAX, &where, 100000), 0);
        cr_assert_eq(where, 100001);
        filch_runtime_destroy(rt);
    }
}

Test(par_find, a_stop_is_no_result)
{
    size_t where = 77;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, stops, 0, 1000000, &where, 5000), -EIO);
    cr_assert_eq(where, 77);
    filch_runtime_destroy(rt);
}

Test(par_find, nothing_is_in_an_empty_range)
{
    size_t where = 77;
    uint8_t one = 1;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, marked, 0, 0, &where, &one), -ENOENT);
    cr_assert_eq(FILCH_RUN(rt, any_marked, 3, 3, &one), 0);
    cr_assert_eq(FILCH_RUN(rt, all_unmarked, 3, 3, &one), 1);
    cr_assert_eq(FILCH_RUN(rt, marked, 0, 1, &where, &one), 0);
    cr_assert_eq(where, 0);
    filch_runtime_destroy(rt);
}

static int finds_nothing(filch_self self, size_t begin, size_t end, size_t *where, void *context)
{
    return 0;
}

Test(par_find, what_cannot_be_searched_is_refused)
{
    size_t where = 77;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(fl_run_find(rt, 0, 1, NULL, finds_nothing, NULL), -EINVAL);
    cr_assert_eq(fl_run_find(rt, 0, 1, &where, NULL, NULL), -EINVAL);
    cr_assert_eq(fl_run_find(rt, 2, 1, &where, finds_nothing, NULL), -EINVAL);
    cr_assert_eq(fl_run_any(rt, 2, 1, finds_nothing, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_any"));
    cr_assert_eq(fl_run_all(rt, 0, 1, NULL, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_all"));
    cr_assert_eq(where, 77);
    filch_runtime_destroy(rt);
}

FILCH_TASK(int, within, (const uint8_t *, mark), (size_t, n), (size_t *, where))
{
    int any = any_marked(self, 0, n, mark);
    int all = all_unmarked(self, 0, n, mark);
    return any == 1 && all == 0 ? marked(self, 0, n, where, mark) : -EBADMSG;
}

Test(par_find, tasks_search_too)
{
    static uint8_t mark[50000];
    size_t where = 0;
    mark[40000] = 1;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, within, mark, sizeof mark, &where), 0);
    cr_assert_eq(where, 40000);
    filch_runtime_destroy(rt);
}
