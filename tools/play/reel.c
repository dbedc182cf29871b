/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "reel.h"

#include <stdlib.h>
#include <tools/trace/table.h>

void reel_free(reel *r)
{
    free(r->task);
}

/* Room for one more of that size; the list may move. */
static bool make_room(reel *r, void **list, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return true;
    uint32_t more = *room ? 2 * *room : 256;
    void *moved = realloc(*list, more * size);
    if (!moved) {
        r->is_short = true;
        return false;
    }
    *list = moved;
    *room = more;
    return true;
}

uint32_t reel_task_new(reel *r, const film_task *task)
{
    film *f = r->out;
    uint32_t number = f->tasks + 1, room = r->task_room;
    void *tasks = f->task, *facts = r->task;
    bool has_room = make_room(r, &tasks, number, &room, sizeof *f->task) &&
                    make_room(r, &facts, number, &r->task_room, sizeof *r->task);
    f->task = tasks;
    r->task = facts;
    if (!has_room)
        return 0;
    f->task[number] = *task;
    r->task[number] = (reel_task){.state = REEL_FORKED};
    return f->tasks = number;
}

void reel_step(reel *r, const film_step *step)
{
    film *f = r->out;
    void *steps = f->step;
    if (f->steps == FILM_MOST) {
        r->is_long = true;
        return;
    }
    bool has_room = make_room(r, &steps, f->steps, &r->step_room, sizeof *f->step);
    f->step = steps;
    if (!has_room)
        return;
    f->step[f->steps] = *step;
    f->step[f->steps++].moves = f->moves + 1;
}

void reel_move(reel *r, uint32_t task, film_place to)
{
    film *f = r->out;
    void *moves = f->move;
    bool has_room = make_room(r, &moves, f->moves + 1, &r->move_room, sizeof *f->move);
    f->move = moves;
    if (!has_room)
        return;
    f->move[++f->moves] = (film_move){.task = task, .before = r->task[task].move, .to = to};
    r->task[task].move = f->moves;
}

void reel_push(reel *r, uint32_t task, enum film_where where, uint32_t worker)
{
    reel_move(r, task, (film_place){.where = where, .at = worker, .order = r->arrivals++});
}

film_place reel_place(const reel *r, uint32_t task)
{
    uint32_t move = r->task[task].move;
    return move ? r->out->move[move].to : (film_place){.where = FILM_GONE};
}

/* Labels that share a place by chance are numbered together, which is never wrong. */
static uint32_t label_key(const film *f, const film_task *task)
{
    uint32_t argument = task->has_argument ? 2 * task->argument + 1 : 0;
    return trace_name_first(f->trace, task->name) * UINT32_C(2654435761) ^ argument;
}

void reel_number_twins(reel *r)
{
    film *f = r->out;
    table labels = {0};
    for (uint32_t i = 1; i <= f->tasks && !r->is_short; i++) {
        table_place *place = table_at(&labels, label_key(f, &f->task[i]));
        if (!place) {
            r->is_short = true;
            break;
        }
        f->task[i].twin = ++place->note;
        if (place->note == 1)
            place->value = i;
    }
    for (size_t i = 0; i < labels.room; i++)
        if (labels.place[i].is_used && labels.place[i].note == 1)
            f->task[labels.place[i].value].twin = 0;
    table_free(&labels);
}
