/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A future is set twice: two servers are asked, and the first answer counts. Both may find that
 * there is none. */
#include <err.h>
#include <filch/filch.h>

static filch_future answer;

/* Takes a while. */
static unsigned work(unsigned rounds)
{
    unsigned x = rounds;
    for (unsigned i = 0; i < rounds; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static void ask(filch_self self, void *arg)
{
    (void)self;
    unsigned number = *(unsigned *)arg, said = number * work(200000 * number);
    if (!filch_future_done(&answer) && filch_future_set(&answer, &said, sizeof said))
        errx(1, "server %u: %s", number, filch_error());
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    unsigned servers[] = {1, 2};
    filch_go(rt, ask, &servers[0]);
    filch_go(rt, ask, &servers[1]);
    int rc = filch_await(&answer);
    return filch_runtime_destroy(rt) || rc;
}
