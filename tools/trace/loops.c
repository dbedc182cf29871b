/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "loops.h"

#include <stdlib.h>

/* Made if it is not there. NULL: no memory. */
static loop_figures *row_of(loop_list *loops, uint32_t name, unsigned magnitude)
{
    for (size_t i = 0; i < loops->count; i++)
        if (loops->row[i].name == name && loops->row[i].magnitude == magnitude)
            return &loops->row[i];
    loop_figures *more = realloc(loops->row, (loops->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    loops->row = more;
    more[loops->count] = (loop_figures){.name = name, .magnitude = magnitude};
    return &more[loops->count++];
}

bool loops_add(loop_list *loops, const trace_file *trace, trace_event *open, const trace_event *e)
{
    if (e->kind == FL_TRACE_LOOP)
        *open = *e;
    if (e->kind != FL_TRACE_LOOP_TIME || open->kind != FL_TRACE_LOOP)
        return true;
    open->kind = FL_TRACE_NO_KIND;
    loop_figures *row =
        row_of(loops, trace_name_first(trace, open->b), open->a & (FL_TRACE_HELPED - 1));
    if (!row)
        return false;
    row->calls++;
    row->helped += (open->a & FL_TRACE_HELPED) != 0;
    row->time += (double)fl_trace_unpack(e->a);
    row->serial += (double)fl_trace_unpack(e->b);
    return true;
}

static int by_time(const void *one, const void *other)
{
    const loop_figures *a = one, *b = other;
    return a->time != b->time   ? (a->time < b->time ? 1 : -1)
           : a->name != b->name ? (a->name > b->name ? 1 : -1)
                                : (a->magnitude > b->magnitude) - (a->magnitude < b->magnitude);
}

void loops_put_in_order(loop_list *loops)
{
    if (loops->count)
        qsort(loops->row, loops->count, sizeof *loops->row, by_time);
}

void loops_free(loop_list *loops)
{
    free(loops->row);
}
