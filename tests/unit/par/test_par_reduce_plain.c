/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The plain functions of reductions, as other languages call them: results that own memory, blocks,
 * refused arguments. */
#include <filch/reduce.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* A list of all indices, each list in a block of its own; how many there are is counted. */
typedef struct list {
    size_t count, room;
    uint32_t *at;
} list;

typedef struct lists {
    filch_u32 alive;
    filch_u32 made;
    uint32_t refuse_after; /* so many were made; 0: never */
    size_t block;          /* each chunk's expected size, if it is not 0 */
    size_t begin, end, stop_at;
} lists;

static bool list_make(void *context, void *sum)
{
    lists *all = context;
    uint32_t made = filch_u32_add(&all->made, 1, FILCH_RELAXED);
    if (all->refuse_after && made >= all->refuse_after)
        return false;
    filch_u32_add(&all->alive, 1, FILCH_RELAXED);
    *(list *)sum = (list){0, 1, malloc(sizeof(uint32_t))};
    return true;
}

static void list_drop(void *context, void *sum)
{
    filch_u32_add(&((lists *)context)->alive, (uint32_t)-1, FILCH_RELAXED);
    free(((list *)sum)->at);
}

static void list_append(list *to, const uint32_t *from, size_t count)
{
    if (to->count + count > to->room) {
        to->room = (to->count + count) * 2;
        to->at = realloc(to->at, to->room * sizeof *to->at);
    }
    memcpy(to->at + to->count, from, count * sizeof *from);
    to->count += count;
}

static void list_join(void *context, void *left, void *right)
{
    list_append(left, ((list *)right)->at, ((list *)right)->count);
    list_drop(context, right);
}

static int list_chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    const lists *all = context;
    if (all->block &&
        ((begin - all->begin) % all->block || (end - begin != all->block && end != all->end)))
        return -EBADMSG;
    for (size_t i = begin; i < end; i++) {
        uint32_t item = (uint32_t)i;
        if (i == all->stop_at)
            return -EIO;
        stress_dawdle(i);
        list_append(sum, &item, 1);
    }
    return 0;
}

static const filch_reduction list_of_all = {sizeof(list), list_make, list_chunk, list_join,
                                            list_drop};

static void expect_list(lists *all, list *out)
{
    cr_assert_eq(filch_u32_load(&all->alive, FILCH_RELAXED), 1);
    cr_assert_eq(out->count, all->end - all->begin);
    for (size_t i = 0; i < out->count; i++)
        cr_assert_eq(out->at[i], all->begin + i);
    list_drop(all, out);
}

static void expect_nothing(lists *all, const list *out)
{
    cr_assert_eq(filch_u32_load(&all->alive, FILCH_RELAXED), 0);
    cr_assert_null(out->at);
}

Test(par_reduce_plain, memory_owning_results_join_in_order)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(40); times; times--) {
            lists all = {.begin = 5, .end = 5 + par_size(&state, 100000), .stop_at = SIZE_MAX};
            size_t hint = par_random(&state) % 2 ? 0 : 1 + par_random(&state) % 3000;
            list out = {0, 0, NULL};
            OK(filch_run_reduce(rt, all.begin, all.end, hint, &list_of_all, &out, &all));
            expect_list(&all, &out);
            all.block = 1 + par_random(&state) % 500;
            OK(fl_run_reduce_deterministic(rt, all.begin, all.end, all.block, all.block,
                                           &list_of_all, &out, &all));
            expect_list(&all, &out);
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_reduce_plain, a_stop_drops_partial_results)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(40); times; times--) {
            size_t n = 1 + par_size(&state, 100000);
            lists all = {.end = n, .stop_at = (size_t)par_random(&state) % n};
            list out = {0, 0, NULL};
            cr_assert_eq(filch_run_reduce(rt, 0, n, 0, &list_of_all, &out, &all), -EIO);
            expect_nothing(&all, &out);
            cr_assert_eq(fl_run_reduce_deterministic(rt, 0, n, 10, 10, &list_of_all, &out, &all),
                         -EIO);
            expect_nothing(&all, &out);
        }
        filch_runtime_destroy(rt);
    }
}

/* The first result is made; helpers' are not. */
Test(par_reduce_plain, helpers_without_result_defer_to_owner)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        lists all = {.refuse_after = 1, .end = 50000, .stop_at = SIZE_MAX};
        list out = {0, 0, NULL};
        OK(filch_run_reduce(rt, 0, all.end, 1, &list_of_all, &out, &all));
        expect_list(&all, &out);
        filch_runtime_destroy(rt);
    }
}

Test(par_reduce_plain, missing_result_is_error)
{
    filch_runtime *rt = par_runtime(2);
    list out = {0, 0, NULL};
    for (uint32_t after = 1; after < 100; after += 7) {
        lists all = {.refuse_after = after, .made = {1}, .end = 5000, .stop_at = SIZE_MAX};
        if (after == 1) {
            cr_assert_eq(filch_run_reduce(rt, 0, 0, 0, &list_of_all, &out, &all), -ENOMEM);
            expect_nothing(&all, &out);
        }
        cr_assert_eq(fl_run_reduce_deterministic(rt, 0, 5000, 1, 1, &list_of_all, &out, &all),
                     -ENOMEM);
        cr_assert(strstr(filch_error(), "no memory"));
        expect_nothing(&all, &out);
        all.made = (filch_u32){after};
        cr_assert_eq(fl_run_reduce_deterministic(rt, 9, 9, 1, 1, &list_of_all, &out, &all),
                     -ENOMEM);
        expect_nothing(&all, &out);
    }
    filch_runtime_destroy(rt);
}

/* Blocks as leaves: a tree of sums, each block from left to right. */
static bool zero(void *context, void *sum)
{
    *(double *)sum = 0;
    return true;
}

static int add(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    double total = *(double *)sum;
    for (size_t i = begin; i < end; i++)
        total += 1.0 / (double)(i + 1);
    *(double *)sum = total;
    return 0;
}

static void plus(void *context, void *left, void *right)
{
    *(double *)left += *(double *)right;
}

static const filch_reduction harmonic = {sizeof(double), zero, add, plus, NULL};

static double tree(size_t i, size_t j, size_t block)
{
    double left = 0;
    if (j - i <= block)
        return add(NULL, i, j, NULL, &left), left;
    size_t half = block;
    while (half * 2 < j - i)
        half *= 2;
    left = tree(i, i + half, block);
    return left + tree(i + half, j, block);
}

Test(par_reduce_plain, blocks_are_leaves_of_same_tree)
{
    static const size_t blocks[] = {1, 3, 64, 1000, SIZE_MAX};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(25); times; times--) {
            size_t n = 1 + par_size(&state, 200000), block = blocks[times % 5];
            double found = -1, wanted = tree(0, n, block);
            OK(fl_run_reduce_deterministic(rt, 0, n, block, block, &harmonic, &found, NULL));
            cr_assert_eq(memcmp(&found, &wanted, sizeof found), 0, "%zu in blocks of %zu", n,
                         block);
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_reduce_plain, what_cannot_be_reduced_is_refused)
{
    filch_runtime *rt = par_runtime(2);
    double out = 77;
    cr_assert_eq(filch_run_reduce(rt, 2, 1, 0, &harmonic, &out, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_reduce"));
    cr_assert_eq(fl_run_reduce_deterministic(rt, 2, 1, 1, 1, &harmonic, &out, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_reduce_deterministic"));
    cr_assert_eq(filch_run_reduce(rt, 0, 1, 0, &harmonic, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_run_reduce(rt, 0, 1, 0, NULL, &out, NULL), -EINVAL);
    for (int missing = 0; missing < 4; missing++) {
        filch_reduction how = {missing == 0 ? 0 : sizeof(double), missing == 1 ? NULL : zero,
                               missing == 2 ? NULL : add, missing == 3 ? NULL : plus, NULL};
        cr_assert_eq(filch_run_reduce(rt, 0, 1, 0, &how, &out, NULL), -EINVAL);
        cr_assert_eq(fl_run_reduce_deterministic(rt, 0, 1, 1, 1, &how, &out, NULL), -EINVAL);
    }
    cr_assert_eq(fl_run_reduce_deterministic(rt, 0, 1, 0, 1, &harmonic, &out, NULL), -EINVAL);
    cr_assert_eq(fl_run_reduce_deterministic(rt, 0, 1, 2, 1, &harmonic, &out, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "a block of 2 items"));
    cr_assert_eq(out, 77);
    filch_runtime_destroy(rt);
}

FILCH_TASK(int, within, (double *, one), (double *, other))
{
    int rc = filch_reduce(self, 0, 100000, 0, &harmonic, one, NULL);
    return rc ? rc : filch_reduce_deterministic(self, 0, 100000, 100, 100, &harmonic, other, NULL);
}

Test(par_reduce_plain, tasks_reduce_too)
{
    double one = 0, other = 0;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, within, &one, &other), 0);
    cr_assert_eq(other, tree(0, 100000, 100));
    cr_assert_float_eq(one, other, 1e-9);
    filch_runtime_destroy(rt);
}
