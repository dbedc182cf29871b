/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The search: a first run that measures, then runs by PCT (S. Burckhardt, P. Kothari, M. Musuvathi,
 * S. Nagarakatte, A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010)
 * with one seed after the other, until one fails; then its schedule with as few switches as the
 * failure needs. */
#ifndef EXPLORE_SEARCH_H
#define EXPLORE_SEARCH_H

#include "child.h"

typedef struct search {
    const explore_options *options;
    uint64_t points;  /* decision points of the first run */
    unsigned threads; /* that took part in it */
    unsigned long tried;
    double seconds;       /* of the search; of */
    double minimized_for; /* making it shorter, */
    unsigned replays;     /* by this many runs */
    bool found, repeats;  /* repeats: the failure came again by its schedule */
    run failure;          /* as found */
    run shortest;         /* the same failure with the fewest switches */
    schedule choices;     /* that the replay of `shortest` followed */
} search;

/* 0, or -errno after a message. search_free is due in both cases. */
int search_run(search *s, const explore_options *o);
void search_free(search *s);

/* The chance that a run finds a bug of that depth, at least; and that all runs do. */
double search_chance(const search *s, unsigned depth);
double search_chance_of_all(const search *s, unsigned depth);

/* Makes s->choices and s->shortest of s->failure. 0, or -errno after a message. */
int search_minimize(search *s);

#endif
