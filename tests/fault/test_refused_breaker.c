/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A breaker to which memory is refused: an error says so, and nothing is held. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/breaker.h>
#include <tests/support/refuse.h>

Test(refused_breaker, without_memory_there_is_none_and_later_there_is)
{
    filch_breaker *breaker = NULL;
    int64_t held = blocks;
    ASSERT_REFUSED(MEMORY, filch_breaker_create(&breaker, NULL), -ENOMEM, breaker);
    cr_assert_eq(filch_breaker_create(&breaker, NULL), 0);
    filch_breaker_destroy(breaker);
    cr_assert_eq(blocks, held);
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

/* All that it needs it has from its creation. */
Test(refused_breaker, in_use_it_needs_no_memory)
{
    filch_breaker *breaker = NULL;
    cr_assert_eq(filch_breaker_create(&breaker, &(filch_breaker_config){.consecutive = 3}), 0);
    refuse(MEMORY, 0, true);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(filch_breaker_call(breaker, fails, NULL), -EIO);
    cr_assert_eq(filch_breaker_call(breaker, fails, NULL), -EHOSTDOWN);
    filch_breaker_reset(breaker);
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    filch_breaker_destroy(breaker);
}
