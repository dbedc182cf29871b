/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parts of a moment as lists of tasks, and as lines of text. */
#ifndef PLAY_FRAME_H
#define PLAY_FRAME_H

#include "cursor.h"
#include "say.h"

#include <stdio.h>

/* Some tasks of a sorted cursor, one after another. */
typedef struct frame_part {
    const cursor_task *task;
    uint32_t count;
} frame_part;

/* The tasks of one place, of a worker. */
frame_part frame_at(const cursor *c, enum film_where where, uint32_t at);
/* The tasks of one place, of all fibers. */
frame_part frame_all(const cursor *c, enum film_where where);
/* A deque, the oldest first: tasks that have not begun, and tasks that may go on after a wait. */
typedef struct frame_deque {
    frame_part tasks, ready;
} frame_deque;

frame_deque frame_deque_of(const cursor *c, uint32_t worker);
/* NULL: that was the last one. */
const cursor_task *frame_deque_next(frame_deque *d);
/* Of tasks that wait, by fiber and depth: is that one the innermost of its fiber? */
bool frame_is_innermost(const frame_part *part, uint32_t i);
/* "fib(6) for fib(5), ..." of all that wait, cut at that size. "": none */
void frame_waits(const cursor *c, char *text, size_t size);
/* "fib(5), ..." of all results that wait for a join; of all that wait for any worker. */
void frame_done(const cursor *c, char *text, size_t size);
void frame_inbox(const cursor *c, char *text, size_t size);

/* A worker in a line, without its number. width: at most, 0: any. */
void frame_line(const cursor *c, uint32_t worker, unsigned width, char *text, size_t size);
/* The title of such lines. */
void frame_title(unsigned width, char *text, size_t size);
/* All of a moment: the sentence of the step that leads there, and a line for each worker. */
void frame_write(cursor *c, unsigned width, FILE *out);

#endif
