/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spelling: how far a misspelt name is from a known one. */
#ifndef FL_SPELLING_H
#define FL_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

enum { FL_SPELLING_LONGEST = 32 /* bytes of a name that is compared */ };

/* How many letters must be inserted, removed, replaced or exchanged with their neighbour to get
 * from one name to the other (optimal string alignment). Both are shorter than
 * FL_SPELLING_LONGEST. */
static inline unsigned fl_spelling_distance(const char *from, size_t from_length, const char *to,
                                            size_t to_length)
{
    unsigned row[3][FL_SPELLING_LONGEST]; /* the current one, and the two before */
    for (unsigned j = 0; j <= to_length; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= from_length; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *higher = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= to_length; j++) {
            bool differ = from[i - 1] != to[j - 1];
            unsigned least = above[j - 1] + differ;
            unsigned one_more = (above[j] < now[j - 1] ? above[j] : now[j - 1]) + 1;
            now[j] = least < one_more ? least : one_more;
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] &&
                higher[j - 2] + 1 < now[j])
                now[j] = higher[j - 2] + 1;
        }
    }
    return row[from_length % 3][to_length];
}

/* The largest distance at which a known name is close to a misspelt one of this length. */
static inline unsigned fl_spelling_close(size_t length)
{
    return length <= 4 ? 1 : length <= 8 ? 2 : 3;
}

#endif
