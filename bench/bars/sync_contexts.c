/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: a child context, created, cancelled and released. */
#include "measure.h"

#include <filch/filch.h>

static double children_once(void *arg)
{
    const long count = *(const long *)arg;
    filch_context *parent, *child;
    if (filch_context_create(&parent, NULL))
        exit(1);
    double from = measure_now();
    for (long i = 0; i < count; i++) {
        if (filch_context_create(&child, parent) || filch_context_cancel(child, 0))
            exit(1);
        filch_context_release(child);
    }
    double seconds = measure_now() - from;
    filch_context_release(parent);
    return seconds / (double)count;
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 1000000, "CHILDREN of a round");
    measure_arm arm = {.name = "filch", .once = children_once, .context = &options.size};
    double at[MEASURE_ROUNDS];
    measure_interleaved(&arm, 1, options.repeat);
    for (int i = 0; i < options.repeat; i++)
        at[i] = arm.at[i] * 1e9;
    return !measure_judge("child context: create, cancel, release: ns",
                          measure_spread_of(at, options.repeat), MEASURE_AT_MOST, 200);
}
