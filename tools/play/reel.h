/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A film while it is made: appends steps, moves and tasks, and knows where each task is. */
#ifndef PLAY_REEL_H
#define PLAY_REEL_H

#include "film.h"

enum reel_state { REEL_FORKED, REEL_RUNS, REEL_ENDED, REEL_OVER };

/* Of a task, while the film is made. */
typedef struct reel_task {
    uint32_t move;  /* its last one; 0: none */
    uint32_t slot;  /* of a forked task */
    uint32_t older; /* a task in the same slot that has ended; 0: none */
    uint32_t needs; /* joins that task; 0: none */
    uint32_t began; /* the step */
    uint32_t forks; /* not joined yet */
    uint32_t
        pile; /* so many tasks, in slots that follow, are handed over with it; 0: only itself */
    enum reel_state state;
} reel_task;

typedef struct reel {
    film *out;
    reel_task *task; /* by number */
    uint32_t step_room, move_room, task_room;
    uint32_t arrivals;      /* in deques */
    bool is_short, is_long; /* of memory; more than FILM_MOST steps */
} reel;

/* Zero bytes but for `out`: empty, and so is the film. */
void reel_free(reel *r);
/* Returns its number; 0: no memory. */
uint32_t reel_task_new(reel *r, const film_task *task);
/* The moves that follow belong to that step. */
void reel_step(reel *r, const film_step *step);
void reel_move(reel *r, uint32_t task, film_place to);
/* To the newest end of a worker's deque. */
void reel_push(reel *r, uint32_t task, enum film_where where, uint32_t worker);
film_place reel_place(const reel *r, uint32_t task);
/* When all steps are there: numbers tasks of one label. */
void reel_number_twins(reel *r);

#endif
