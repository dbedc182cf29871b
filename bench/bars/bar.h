/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program of bars: one for each room, whose table has a row for each bar or part of one. Each call
 * measures one bar. */
#ifndef BARS_BAR_H
#define BARS_BAR_H

#include "measure.h"

typedef struct bar bar;

/* Measures and prints a row's figures. Returns whether all have reached their bounds. */
typedef bool bar_judge(const bar *row, const measure_options *options);

struct bar {
    const char *name; /* as tools/bars.sh has it */
    const char *part; /* for --only; NULL: all parts, or the judge chooses */
    bar_judge *judge;
    long size; /* the default of --size, and its meaning, of the name's first row */
    const char *size_is;
};
#define BARS_SAME 0, NULL /* as in the name's first row */

static inline const bar *bars_find(const char *name, const bar *bars, size_t count)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(bars[i].name, name) == 0)
            return &bars[i];
    return NULL;
}

/* PROGRAM NAME OPTIONS; returns the status of the program. */
static inline int bars_main(int argc, char **argv, const bar *bars, size_t count)
{
    const bar *first = bars_find(argc > 1 ? argv[1] : NULL, bars, count);
    bool reached = true;
    if (!first) {
        fprintf(stderr, "usage: %s NAME [OPTION...]; names:", argv[0]);
        for (size_t i = 0; i < count; i++)
            if (i == 0 || strcmp(bars[i].name, bars[i - 1].name) != 0)
                fprintf(stderr, " %s", bars[i].name);
        fputs("\n", stderr);
        return 2;
    }
    measure_options options = measure_read_options(argc - 1, argv + 1, first->size, first->size_is);
    for (const bar *row = first; row < bars + count && !strcmp(row->name, first->name); row++)
        if (!row->part || measure_wanted(&options, row->part))
            reached = row->judge(row, &options) && reached;
    return !reached;
}

#endif
