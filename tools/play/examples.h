/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Small programs to play: a row each in the table of examples.c. */
#ifndef PLAY_EXAMPLES_H
#define PLAY_EXAMPLES_H

#include <filch/filch.h>

typedef struct example {
    const char *name, *what;
    const char *argument;                            /* the name of its number */
    unsigned long usual, most;                       /* of that number, from 1 */
    bool (*run)(filch_runtime *rt, unsigned number); /* is its result right? */
} example;

/* The table, closed by a row without a name. */
extern const example examples[];
/* NULL: there is none of that name. */
const example *example_named(const char *name);

#endif
