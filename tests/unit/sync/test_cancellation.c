/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/cancellation.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_context *with_value(filch_context *parent, const void *key, void *value)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create_value(&context, parent, key, value), 0, "%s", filch_error());
    return context;
}

/* ---- Cause ---- */

Test(context, a_new_one_is_not_done)
{
    filch_context *context = child_of(NULL);
    cr_assert_eq(filch_context_cause(context), 0);
    cr_assert_eq(filch_context_deadline(context), FILCH_FOREVER);
    cr_assert_null(filch_context_value(context, &context));
    cr_assert_eq(filch_context_wait(context, 0), -ETIMEDOUT);
    filch_context_release(context);
}

Test(context, no_context_is_never_done)
{
    cr_assert_eq(filch_context_cause(NULL), 0);
    cr_assert_eq(filch_context_deadline(NULL), FILCH_FOREVER);
    cr_assert_null(filch_context_value(NULL, &errno));
    cr_assert_null(filch_context_retain(NULL));
    filch_context_release(NULL);
}

Test(context, the_first_cause_stays)
{
    static const int causes[][2] = {{0, -ECANCELED}, {-EPIPE, -EPIPE}, {-4095, -4095}};
    for (unsigned i = 0; i < 3; i++) {
        filch_context *context = child_of(NULL);
        OK(filch_context_cancel(context, causes[i][0]));
        cr_assert_eq(filch_context_cause(context), causes[i][1]);
        cr_assert_eq(filch_context_cancel(context, -EIO), -EALREADY);
        cr_assert_eq(filch_context_cause(context), causes[i][1]);
        cr_assert_eq(filch_context_wait(context, FILCH_FOREVER), causes[i][1]);
        filch_context_release(context);
    }
}

Test(context, bad_calls_are_refused_with_reason)
{
    filch_context *context = child_of(NULL), *none = NULL;
    static const int wrong[] = {1, 4095, INT32_MAX, -4096, INT32_MIN};
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(filch_context_cancel(context, wrong[i]), -EINVAL);
    cr_assert_eq(filch_context_cause(context), 0);
    cr_assert_eq(filch_context_cancel(NULL, 0), -EINVAL);
    cr_assert_eq(filch_context_wait(NULL, FILCH_FOREVER), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "filch_context_wait"));
    cr_assert_eq(filch_context_wait(context, -1), -EINVAL);
    cr_assert_eq(filch_context_create(NULL, context), -EINVAL);
    cr_assert_eq(filch_context_create_until(&none, context, -1), -EINVAL);
    cr_assert_eq(filch_context_create_until(&none, context, INT64_MIN), -EINVAL);
    cr_assert_eq(filch_context_create_value(&none, context, NULL, context), -EINVAL);
    cr_assert_null(none, "untouched");
    filch_context_release(context);
}

/* ---- The tree ---- */

Test(context, siblings_close_gap_after_release)
{
    filch_context *root = child_of(NULL), *sibling[3];
    for (int i = 0; i < 3; i++)
        sibling[i] = child_of(root);
    filch_context_release(sibling[1]);
    cr_assert_eq(root->children, sibling[2]);
    cr_assert_eq(sibling[2]->next, sibling[0]);
    cr_assert_eq(sibling[0]->previous, sibling[2]);
    filch_context_release(sibling[0]);
    filch_context_release(sibling[2]);
    filch_context_release(root);
}

Test(context, cancel_reaches_subtree_only)
{
    filch_context *root = child_of(NULL), *left = child_of(root), *right = child_of(root);
    filch_context *lower = child_of(left), *lowest = until(lower, filch_in(FILCH_SECOND * 1000));
    OK(filch_context_cancel(left, -EPIPE));
    cr_assert_eq(filch_context_cause(left), -EPIPE);
    cr_assert_eq(filch_context_cause(lower), -EPIPE);
    cr_assert_eq(filch_context_cause(lowest), -EPIPE);
    cr_assert_eq(filch_context_cause(root), 0);
    cr_assert_eq(filch_context_cause(right), 0);
    OK(filch_context_cancel(root, -EIO));
    cr_assert_eq(filch_context_cause(right), -EIO);
    cr_assert_eq(filch_context_cause(lowest), -EPIPE, "the first cause stays");
    filch_context *all[] = {root, left, right, lower, lowest};
    for (unsigned i = 0; i < 5; i++)
        filch_context_release(all[i]);
}

Test(context, child_of_done_context_starts_done)
{
    filch_context *root = child_of(NULL);
    filch_context_cancel(root, -ESTALE);
    filch_context *all[] = {child_of(root), until(root, filch_in(FILCH_SECOND)), until(root, 0),
                            with_value(root, &root, root)};
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(filch_context_cause(all[i]), -ESTALE);
        cr_assert_eq(filch_context_cancel(all[i], 0), -EALREADY);
        filch_context_release(all[i]);
    }
    filch_context_release(root);
}

Test(context, child_keeps_released_parent_uncancelled)
{
    filch_context *root = child_of(NULL), *middle = child_of(root), *leaf = child_of(middle);
    cr_assert_eq(filch_context_retain(root), root);
    filch_context_release(middle);
    filch_context_release(root);
    cr_assert_eq(filch_context_cause(leaf), 0);
    OK(filch_context_cancel(root, 0));
    cr_assert_eq(filch_context_cause(leaf), -ECANCELED, "through one that only its child holds");
    filch_context_release(root);
    filch_context_release(leaf);
}

enum { DEEP = BUILD_TSAN ? 10000 : 100000, MANY = 10000 };

FILCH_TASK(int, cancel_deep_tree)
{
    filch_context *root = with_value(NULL, &fib_queues, &errno), *leaf = root, *half = NULL;
    for (int i = 0; i < DEEP; i++) {
        filch_context *lower = child_of(leaf);
        if (i == DEEP / 2)
            half = filch_context_retain(leaf);
        if (leaf != root)
            filch_context_release(leaf);
        leaf = lower;
    }
    cr_assert_eq(filch_context_value(leaf, &fib_queues), &errno);
    OK(filch_context_cancel(half, -EIO));
    cr_assert_eq(filch_context_cause(root), 0);
    cr_assert_eq(filch_context_cause(leaf), -EIO);
    filch_context_release(half);
    OK(filch_context_cancel(root, -EPIPE));
    filch_context_release(root);
    int cause = filch_context_cause(leaf);
    filch_context_release(leaf); /* and all above */
    return cause;
}

Test(context, a_tree_may_be_deep)
{
    filch_runtime *rt;
    filch_config small = {.workers = 1, .stack_size = 1 << (BUILD_ASAN || BUILD_TSAN ? 17 : 14)};
    OK(filch_runtime_create(&rt, &small));
    cr_assert_eq(FILCH_RUN(rt, cancel_deep_tree), -EIO);
    OK(filch_runtime_destroy(rt));
}

Test(context, many_children_leave_in_any_order)
{
    static filch_context *children[MANY];
    uint64_t random = stress_seed();
    filch_context *root = child_of(NULL);
    for (int i = 0; i < MANY; i++)
        children[i] = child_of(root);
    for (int i = MANY - 1; i > 0; i--) {
        random = stress_mix(random + (uint64_t)i);
        filch_context **other = &children[random % (uint64_t)i], *one = children[i];
        children[i] = *other;
        *other = one;
    }
    for (int i = 0; i < MANY / 2; i++)
        filch_context_release(children[i]);
    OK(filch_context_cancel(root, -EBUSY));
    for (int i = MANY / 2; i < MANY; i++) {
        cr_assert_eq(filch_context_cause(children[i]), -EBUSY);
        filch_context_release(children[i]);
    }
    filch_context_release(root);
}

/* ---- Values ---- */

Test(context, nearest_ancestor_provides_value)
{
    int a = 1, b = 2, c = 3;
    filch_context *root = with_value(NULL, &a, &a), *left = with_value(root, &a, &b);
    filch_context *right = with_value(root, &b, &c), *nothing = with_value(left, &a, NULL);
    filch_context *below = until(left, filch_in(FILCH_SECOND * 1000));
    cr_assert_eq(filch_context_value(root, &a), &a);
    cr_assert_null(filch_context_value(root, &b));
    cr_assert_eq(filch_context_value(left, &a), &b);
    cr_assert_eq(filch_context_value(below, &a), &b);
    cr_assert_eq(filch_context_value(right, &a), &a);
    cr_assert_eq(filch_context_value(right, &b), &c);
    cr_assert_null(filch_context_value(nothing, &a), "NULL is a value");
    cr_assert_null(filch_context_value(below, NULL));
    filch_context_cancel(root, 0);
    cr_assert_eq(filch_context_value(below, &a), &b, "also of one that is done");
    filch_context *all[] = {root, left, right, nothing, below};
    for (unsigned i = 0; i < 5; i++)
        filch_context_release(all[i]);
}

/* ---- Deadlines ---- */

Test(context, the_earliest_deadline_above_counts)
{
    int64_t near = filch_in(1000 * FILCH_SECOND), far = filch_in(2000 * FILCH_SECOND);
    filch_context *root = child_of(NULL), *early = until(root, near), *late = until(early, far);
    filch_context *below = child_of(early), *later = until(root, far),
                  *earlier = until(later, near);
    cr_assert_eq(filch_context_deadline(root), FILCH_FOREVER);
    cr_assert_eq(filch_context_deadline(early), near);
    cr_assert_eq(filch_context_deadline(late), near);
    cr_assert_eq(filch_context_deadline(below), near);
    cr_assert_eq(filch_context_deadline(later), far);
    cr_assert_eq(filch_context_deadline(earlier), near);
    filch_context *all[] = {root, early, late, below, later, earlier};
    for (unsigned i = 0; i < 6; i++)
        filch_context_release(all[i]);
}

Test(context, past_deadline_cancels_at_once)
{
    filch_context *root = child_of(NULL);
    int64_t past[] = {0, 1, filch_now()};
    for (unsigned i = 0; i < 3; i++) {
        filch_context *context = until(i ? root : NULL, past[i]), *below = child_of(context);
        cr_assert_eq(filch_context_cause(context), -ETIMEDOUT);
        cr_assert_eq(filch_context_cause(below), -ETIMEDOUT);
        filch_context_release(context);
        filch_context_release(below);
    }
    cr_assert_eq(filch_context_cause(root), 0);
    filch_context_release(root);
}

Test(context, no_deadline_is_a_deadline_too)
{
    filch_context *context = until(NULL, FILCH_FOREVER);
    cr_assert_eq(filch_context_deadline(context), FILCH_FOREVER);
    cr_assert_eq(filch_context_cause(context), 0);
    filch_context_release(context);
}

Test(context, deadline_cancels_context_and_descendants)
{
    filch_context *root = child_of(NULL), *soon = until(root, filch_in(2 * FILCH_MILLISECOND));
    filch_context *below = child_of(soon), *late = until(below, filch_in(1000 * FILCH_SECOND));
    cr_assert_eq(filch_context_wait(late, FILCH_FOREVER), -ETIMEDOUT);
    cr_assert_geq(filch_now(), filch_context_deadline(soon));
    cr_assert_eq(filch_context_cause(soon), -ETIMEDOUT);
    cr_assert_eq(filch_context_cause(below), -ETIMEDOUT);
    cr_assert_eq(filch_context_cause(root), 0);
    filch_context *all[] = {root, soon, below, late};
    for (unsigned i = 0; i < 4; i++)
        filch_context_release(all[i]);
}

Test(context, release_is_safe_around_deadlines)
{
    enum { TIMED = 1000 };
    static filch_context *all[TIMED];
    filch_context *root = child_of(NULL);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TIMED; i++)
            all[i] = until(root, filch_in(i % 3 ? i * 1000 : 1000 * FILCH_SECOND));
        for (int i = 0; i < TIMED; i++) {
            if (i % 3 == 1)
                cr_assert_eq(filch_context_wait(all[i], FILCH_FOREVER), -ETIMEDOUT);
            filch_context_release(all[i]);
        }
    }
    cr_assert_eq(filch_context_cause(root), 0);
    filch_context_release(root);
}

FILCH_TASK(long, compute_until_done, (filch_context *, context))
{
    while (!filch_context_cause(context))
        filch_pause();
    return filch_context_cause(context);
}

FILCH_TASK(long, compute_everywhere, (unsigned, workers), (filch_context *, context))
{
    if (workers < 2)
        return compute_until_done(self, context);
    FILCH_FORK(compute_everywhere, workers / 2, context);
    long here = compute_everywhere(self, workers - workers / 2, context);
    FILCH_JOIN(long there, compute_everywhere);
    return here == there ? here : 0;
}

Test(context, deadline_holds_while_all_workers_compute)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++) {
        filch_runtime *rt;
        OK(filch_runtime_create(&rt, &(filch_config){.workers = workers[i]}));
        filch_context *context = until(NULL, filch_in(10 * FILCH_MILLISECOND));
        cr_assert_eq(FILCH_RUN(rt, compute_everywhere, workers[i], context), -ETIMEDOUT);
        filch_context_release(context);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Sleeping under a context ---- */

Test(context, sleep_ends_when_due_or_cancelled)
{
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    OK(filch_context_sleep(context, FILCH_MILLISECOND));
    OK(filch_context_sleep(NULL, FILCH_MILLISECOND));
    OK(filch_context_cancel(context, -EPROTO));
    cr_assert_eq(filch_context_sleep(context, FILCH_SECOND * 1000), -EPROTO);
    filch_context_release(context);
}

Test(context, an_error_says_nothing_about_another)
{
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    cr_assert_eq(filch_context_wait(context, -1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "a deadline of -1 ns"));
    cr_assert_eq(filch_context_wait(context, 0), -ETIMEDOUT);
    cr_assert_null(strstr(filch_error(), "a deadline of -1 ns"));
    filch_context_release(context);
}
