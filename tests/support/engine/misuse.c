/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

filch_runtime *misuse_runtime(unsigned workers, const char *queue)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = workers, .queue = queue}) ==
                0);
    return rt;
}

void expect_death(void (*work)(void), const char *first, const char *second)
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_died(&child, first), "status 0x%x, said: %s", child.status, child.text);
    cr_assert(child_died(&child, second), "said: %s", child.text);
}
