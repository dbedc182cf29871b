/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps getrandom
 *
 * Where the system has no random bytes to give, or strange ones, traces have ids all the same, and
 * differ. Linked with a wrapper of getrandom. */
#include <filch/traceparent.h>
#include <sys/random.h>
#include <tests/support/test.h>

/* It returns as many bytes as were asked for, zeros the first `zeros` times; or fewer, or none. */
static enum { GIVES, GIVES_FEWER, REFUSES } random_bytes;
static unsigned zeros, calls;

ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags)
{
    calls++;
    if (random_bytes == REFUSES) {
        errno = ENOSYS;
        return -1;
    }
    memset(to, calls > zeros ? (int)calls : 0, size);
    return (ssize_t)(random_bytes == GIVES_FEWER ? size / 2 : size);
}

static void traces_differ(void)
{
    enum { MANY = 200 };
    static filch_traceparent all[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        char text[FILCH_TRACEPARENT_TEXT];
        filch_traceparent_begin(&all[i], true);
        OK(filch_traceparent_format(&all[i], text));
        for (unsigned j = 0; j < i; j++) {
            cr_assert_neq(memcmp(all[i].trace, all[j].trace, sizeof all[i].trace), 0);
            cr_assert_neq(memcmp(all[i].span, all[j].span, sizeof all[i].span), 0);
        }
    }
}

Test(refused_traceparent, without_random_bytes_ids_differ)
{
    random_bytes = REFUSES;
    traces_differ();
    random_bytes = GIVES_FEWER;
    traces_differ();
}

Test(refused_traceparent, zero_ids_are_drawn_again)
{
    filch_traceparent trace;
    char text[FILCH_TRACEPARENT_TEXT];
    zeros = 3;
    filch_traceparent_begin(&trace, false);
    cr_assert_eq(calls, 4);
    OK(filch_traceparent_format(&trace, text));
    cr_assert_str_eq(text, "00-04040404040404040404040404040404-0404040404040404-00");
}
