/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan; alone (its symbol would be found by the tests beside it)
 *
 * A program built with thread sanitizer cannot use a library built without it. */
#include <tests/support/test.h>

/* A symbol of its run-time. */
void *__tsan_get_current_fiber(void);
void *__tsan_get_current_fiber(void)
{
    return NULL;
}

Test(tsan_elsewhere, plain_library_refuses_thread_sanitizer_program)
{
    filch_runtime *rt = NULL;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = 1}), -ENOTSUP);
    cr_assert_null(rt);
    cr_assert_not_null(strstr(filch_error(), "-fsanitize=thread"), "%s", filch_error());
}
