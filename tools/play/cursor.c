/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cursor.h"

#include <stdlib.h>

bool cursor_begin(cursor *c, const film *f)
{
    size_t tasks = (size_t)f->tasks + 1;
    *c = (cursor){.film = f,
                  .move = calloc(tasks, sizeof *c->move),
                  .at = calloc(tasks, sizeof *c->at),
                  .there = calloc(tasks, sizeof *c->there)};
    if (c->move && c->at && c->there)
        return true;
    cursor_end(c);
    return false;
}

void cursor_end(cursor *c)
{
    free(c->move);
    free(c->at);
    free(c->there);
}

/* The task is where that move has put it. */
static void put(cursor *c, uint32_t task, uint32_t move)
{
    bool is_there = move && c->film->move[move].to.where != FILM_GONE;
    c->move[task] = move;
    if (is_there && !c->at[task])
        c->at[task] = ++c->count;
    if (is_there) {
        c->there[c->at[task] - 1] = (cursor_task){task, c->film->move[move].to};
    } else if (c->at[task]) {
        cursor_task last = c->there[--c->count];
        c->there[c->at[task] - 1] = last;
        c->at[last.task] = c->at[task];
        c->at[task] = 0;
    }
}

void cursor_go(cursor *c, uint32_t steps)
{
    const film *f = c->film;
    for (; c->step < steps && c->step < f->steps; c->step++)
        for (uint32_t i = f->step[c->step].moves; i < film_moves_end(f, c->step); i++)
            put(c, f->move[i].task, i);
    for (; c->step > steps; c->step--)
        for (uint32_t i = film_moves_end(f, c->step - 1); i-- > f->step[c->step - 1].moves;)
            put(c, f->move[i].task, f->move[i].before);
}

static int by_place(const void *one, const void *other)
{
    const film_place *a = &((const cursor_task *)one)->place,
                     *b = &((const cursor_task *)other)->place;
    if (a->where != b->where)
        return a->where < b->where ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

void cursor_sort(cursor *c)
{
    qsort(c->there, c->count, sizeof *c->there, by_place);
    for (uint32_t i = 0; i < c->count; i++)
        c->at[c->there[i].task] = i + 1;
}

bool cursor_is_oldest(const cursor *c, uint32_t task)
{
    if (!c->at[task])
        return false;
    film_place place = c->there[c->at[task] - 1].place;
    for (uint32_t i = 0; i < c->count; i++) {
        const film_place *other = &c->there[i].place;
        if ((other->where == FILM_DEQUE || other->where == FILM_READY) && other->at == place.at &&
            other->order < place.order)
            return false;
    }
    return true;
}
