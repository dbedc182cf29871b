/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The film of a traced run: steps, each with the tasks that it moves from one place to another. From a trace of
 * level tasks. A task is in one place at a time: in a deque, on a worker, in a waiting fiber, done. */
#ifndef PLAY_FILM_H
#define PLAY_FILM_H

#include <stdbool.h>
#include <stdint.h>
#include <tools/trace/read.h>

enum { FILM_MOST = 1000000 /* steps */ };
/* Threads and timers. In an enumeration of its own: newer compilers (gcc 13) take it for unsigned, with
 * all its constants. */
enum { FILM_OUTSIDE = UINT32_MAX };

/* Where a task is. The first places are shown by worker. */
enum film_where {
    FILM_DEQUE, /* of a worker: not begun */
    FILM_READY, /* in the deque of a worker: it waited, and may go on */
    FILM_HELD,  /* a worker has just taken it */
    FILM_RUNS,  /* on a worker, or below the task that runs there */
    FILM_WAITS, /* in a fiber that no worker runs */
    FILM_DONE,  /* its result waits for the join */
    FILM_GONE,  /* not there yet, or not any more */
    FILM_PLACES
};

/* Tasks of one place and one `at` are sorted by `order`. */
typedef struct film_place {
    enum film_where where;
    uint32_t at;    /* a worker, or a fiber */
    uint32_t order; /* in a deque: by arrival; on a fiber: by depth */
    uint32_t until; /* waits for that task; 0: for something else */
} film_place;

typedef struct film_move {
    uint32_t task;
    uint32_t before; /* the number of its last move; 0: none */
    film_place to;
} film_move;

enum film_kind {
    FILM_STARTS,    /* a thread, or a task, starts a task */
    FILM_BEGINS,    /* a worker begins a task of its own deque, or one that it has taken */
    FILM_FORKS,     /* a task */
    FILM_TAKES,     /* from another worker, which hands it over */
    FILM_ROBS,      /* from another worker, which did not answer */
    FILM_FETCHES,   /* from the deque of another worker, without asking */
    FILM_JOINS,     /* nobody has taken it: its forker runs it */
    FILM_OVERFLOWS, /* the fork stack is full: its forker runs it at once */
    FILM_ENDS,      /* a task */
    FILM_RETURNS,   /* ends, and the task below goes on */
    FILM_NEEDS,     /* a task that was taken, and is not done */
    FILM_HAS,       /* the result of a task that was taken */
    FILM_STOPS,     /* waits, and leaves its worker */
    FILM_LEAVES,    /* is left by its worker */
    FILM_WAKES,     /* makes a waiting task ready */
    FILM_GOES_ON,   /* after its wait */
    FILM_CALLS,     /* a function of the task's own name: a mark says so */
    FILM_MARKS,     /* any other mark */
    FILM_KINDS
};

typedef struct film_step {
    enum film_kind kind;
    uint32_t worker;      /* FILM_OUTSIDE: none */
    uint32_t task, other; /* other: within that task, or the one that it is about; 0: none */
    uint32_t from;        /* a worker */
    uint32_t name, value; /* of a mark or a wait; a number of tasks */
    uint32_t moves;       /* the number of its first move; the others follow */
    bool is_oldest;       /* the task was the oldest one there */
} film_step;

typedef struct film_task {
    uint32_t name;   /* of the trace */
    uint32_t parent; /* forked or started by that one; 0: a thread */
    uint32_t argument,
        twin; /* twin: its number among those of its label, from 1; 0: the only one */
    bool has_argument;
} film_task;

/* Numbers of tasks and moves begin with 1, those of steps with 0. */
typedef struct film {
    trace_file *trace; /* for the names */
    uint32_t workers;
    film_step *step;
    film_move *move;
    film_task *task;
    uint32_t steps, moves, tasks;
} film;

/* -EINVAL: *why says why there is none; -ENOMEM. The trace has to stay open. */
int film_build(film *out, trace_file *trace, const char **why);
void film_free(film *f);
/* The number of the move behind the last one of a step. */
uint32_t film_moves_end(const film *f, uint32_t step);
/* Does a worker take something from another one in that step? */
bool film_is_steal(const film *f, uint32_t step);

#endif
