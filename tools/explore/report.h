/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The result of a search, and the story of a schedule. */
#ifndef EXPLORE_REPORT_H
#define EXPLORE_REPORT_H

#include "places.h"
#include "search.h"

/* As text for people. 0 or -EIO. */
int explore_text(const search *s, FILE *out);
/* As JSON (docs/explore.md). 0, -ENOTSUP: this build has none; -EIO. */
int explore_json(const search *s, FILE *out);

/* The switches as numbered sentences. */
void story_write(const places *p, const schedule *s, bool openmp, FILE *out);

#endif
