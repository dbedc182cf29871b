/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program whose loops are known, for `filch top` and `filch trace`: `gains` is long and balanced,
 * and `stays` too short for a second worker. It runs as many rounds as its argument says, prints
 * how often it called each, and ends at the end of its standard input; argument 0: it runs until
 * then. A round is ten calls of each. */
#include <filch/filch.h>
#include <filch/par.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { CALLS = 10, ITEMS = 256, STEPS = 2000 };

FILCH_FOR(gains, i, (uint64_t *, x))
{
    for (int step = 0; step < STEPS; step++)
        x[i] = x[i] * 6364136223846793005u + 1442695040888963407u;
}

FILCH_FOR(stays, i, (uint64_t *, x))
{
    x[i]++;
}

FILCH_TASK(int, round_of, (uint64_t *, x))
{
    int rc = 0;
    for (int i = 0; i < CALLS && !rc; i++) {
        rc = gains(self, 0, ITEMS, x);
        if (!rc)
            rc = stays(self, 0, ITEMS / 4, x);
    }
    return rc;
}

static int input_ends(int ms)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, ms) != 0;
}

int main(int argc, char **argv)
{
    static uint64_t x[ITEMS];
    filch_runtime *rt;
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    long done = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (filch_runtime_create(&rt, NULL))
        return fprintf(stderr, "loops_program: %s\n", filch_error()), 1;
    do
        done += FILCH_RUN(rt, round_of, x) == 0;
    while (rounds ? done < rounds : !input_ends(0));
    printf("%ld\n", done * CALLS);
    fflush(stdout);
    input_ends(-1);
    return filch_runtime_destroy(rt);
}
