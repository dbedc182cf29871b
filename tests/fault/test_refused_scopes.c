/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scopes and contexts to which memory, or the timer thread's thread, is refused: an error says so,
 * nothing is held, and later it works again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <tests/support/held.h>
#include <tests/support/rest.h>

TestSuite(refused_scopes, .init = warm_up);

/* Before a runtime has started the timer thread. */
Test(refused_timer_thread, a_deadline_without_a_thread_to_mind_it_is_refused)
{
    filch_context *root, *context = NULL;
    cr_assert_eq(filch_context_create(&root, NULL), 0);
    refuse(THREADS, 0, true);
    cr_assert_eq(filch_context_create_until(&context, root, filch_in(FILCH_SECOND)), -EAGAIN);
    cr_assert_neq(refuse_no_more(THREADS), 0);
    cr_assert_null(context, "untouched");
    cr_assert_eq(filch_context_create_until(&context, root, filch_in(FILCH_MILLISECOND)), 0);
    cr_assert_eq(filch_context_wait(context, FILCH_FOREVER), -ETIMEDOUT);
    filch_context_release(context);
    filch_context_release(root);
}

Test(refused_scopes, a_context_without_memory_is_refused)
{
    filch_context *root, *context = NULL;
    cr_assert_eq(filch_context_create(&root, NULL), 0);
    int64_t held = blocks;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_context_create(&context, root), -ENOMEM);
    cr_assert_eq(filch_context_create_until(&context, root, FILCH_SECOND), -ENOMEM);
    cr_assert_eq(filch_context_create_value(&context, root, &root, root), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert_null(context, "untouched");
    cr_assert_eq(blocks, held);
    filch_context_release(root);
    nothing_held();
}

static int fails(filch_self self, filch_scope *scope, void *arg)
{
    (void)self;
    return filch_scope_fail(scope, -EIO, "%s", (const char *)arg);
}

Test(refused_scopes, a_scope_without_memory_is_refused)
{
    filch_runtime *rt;
    filch_scope scope;
    rt = runtime_at_rest(2);
    int64_t held = blocks;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_scope_open(&scope, rt, NULL), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert_eq(blocks, held);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

/* Until the caches of jobs are empty. */
Test(refused_scopes, children_without_memory_are_refused_and_the_others_run)
{
    enum { MOST = 100000 };
    filch_runtime *rt;
    filch_scope scope;
    unsigned spawned = 0;
    rt = runtime_at_rest(2);
    cr_assert_eq(filch_scope_open_as(&scope, rt, NULL, FILCH_SCOPE_COLLECT), 0);
    refuse(MEMORY, 10, true);
    int rc = 0;
    for (; spawned < MOST && !rc; spawned += !rc)
        rc = FILCH_SPAWN(&scope, fails, "no memory to keep this");
    cr_assert_eq(rc, -ENOMEM);
    cr_assert_eq(filch_scope_wait(&scope), -EIO);
    refuse_no_more(MEMORY);
    cr_assert_eq(filch_scope_failures(&scope), spawned, "counted, if not kept");
    cr_assert_str_eq(filch_scope_failure(&scope)->message, "no memory to keep this");
    cr_assert_eq(FILCH_SPAWN(&scope, fails, "later"), 0);
    cr_assert_eq(filch_scope_close(&scope), -EIO);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
