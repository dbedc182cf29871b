/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A moment of a film, which can be moved forwards and backwards: where each task is. */
#ifndef PLAY_CURSOR_H
#define PLAY_CURSOR_H

#include "film.h"

/* A task that is there. */
typedef struct cursor_task {
    uint32_t task;
    film_place place;
} cursor_task;

typedef struct cursor {
    const film *film;
    uint32_t step;  /* so many steps have been taken */
    uint32_t *move; /* of each task, its last one; 0: none */
    uint32_t *at;   /* of each task, its place in `there` + 1; 0: none */
    cursor_task *there;
    uint32_t count;
} cursor;

/* Before the first step. false: no memory. */
bool cursor_begin(cursor *c, const film *f);
void cursor_end(cursor *c);
/* Goes to the moment after that many steps. */
void cursor_go(cursor *c, uint32_t steps);
/* Sorts `there` by place, worker or fiber, and order. */
void cursor_sort(cursor *c);
/* No other task of the deque in which it is came before it. */
bool cursor_is_oldest(const cursor *c, uint32_t task);

#endif
