/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>

long serial_fib(int n)
{
    long here = 0, next = 1;
    for (; n > 0; n--) {
        long sum = here + next;
        here = next;
        next = sum;
    }
    return here;
}

const char *const fib_queues[] = {"chase-lev", "central-mutex"};

int fib_life(unsigned workers, const char *queue, int n)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .queue = queue};
    int rc = filch_runtime_create(&rt, &config);
    if (rc)
        return rc;
    long answer = FILCH_RUN(rt, fib, n);
    rc = filch_runtime_destroy(rt);
    return rc ? rc : answer != serial_fib(n);
}

signpost chain_links[CHAIN_MOST + 1];

void chain_lay(void)
{
    memset(chain_links, 0, sizeof chain_links);
}
