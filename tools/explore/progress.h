/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A line on the terminal that tells how far the search is. Elsewhere there is none. */
#ifndef EXPLORE_PROGRESS_H
#define EXPLORE_PROGRESS_H

#include "search.h"

typedef struct progress {
    double began, shown; /* seconds */
    bool visible;
} progress;

/* Shows it, a few times a second at most. */
void search_shows(progress *p, const search *s);
void search_shown(const progress *p);

#endif
