/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "regions.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN = 2 }; /* a thread may begin a region before another's last event of the one before */

struct region_part {
    uint64_t number; /* regions that the thread has begun */
    bool runs;
    uint32_t name;
    int64_t since;               /* its begin; ns, as all here */
    bool waits;                  /* at a barrier, */
    int64_t waits_since, helped; /* since then, and so long it ran tasks there */
    unsigned tasks;              /* that it runs there, one on top of the other */
    int64_t task_since, waited;  /* at barriers of this region */
    uint64_t barriers;
};

struct region_open {
    uint64_t number;
    uint32_t ended; /* threads */
    int64_t first, last;
    region_figures sums; /* of those threads */
};

/* Made if it is not there. NULL: no memory. */
static region_figures *row_of(region_list *regions, uint32_t name)
{
    for (size_t i = 0; i < regions->count; i++)
        if (regions->row[i].name == name)
            return &regions->row[i];
    region_figures *more = realloc(regions->row, (regions->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    regions->row = more;
    more[regions->count] = (region_figures){.name = name};
    return &more[regions->count++];
}

static bool fold(region_list *regions, const struct region_open *open, uint32_t threads)
{
    region_figures *row = row_of(regions, open->sums.name);
    if (!row)
        return false;
    const double time = (double)(open->last - open->first);
    row->calls++;
    row->barriers += open->sums.barriers / threads;
    row->time += time;
    row->room += time * threads;
    row->worked += open->sums.worked;
    row->at_barriers += open->sums.at_barriers;
    row->longest += open->sums.longest;
    row->mean += open->sums.worked / threads;
    return true;
}

static bool end_part(region_list *regions, const trace_file *trace, struct region_part *part,
                     int64_t now)
{
    const uint32_t threads = trace_facts_of(trace)->workers;
    struct region_open *open = &regions->open[part->number % OPEN];
    if (open->number != part->number ||
        open->sums.name != part->name) /* or its last one is damaged */
        *open = (struct region_open){.number = part->number,
                                     .first = part->since,
                                     .last = now,
                                     .sums = {.name = part->name}};
    const double worked = (double)(now - part->since - part->waited);
    open->first = part->since < open->first ? part->since : open->first;
    open->last = now > open->last ? now : open->last;
    open->sums.worked += worked;
    open->sums.at_barriers += (double)part->waited;
    open->sums.barriers += part->barriers;
    open->sums.longest = worked > open->sums.longest ? worked : open->sums.longest;
    part->runs = false;
    return ++open->ended < threads || fold(regions, open, threads);
}

static void begin_part(const trace_file *trace, struct region_part *part, const trace_event *e)
{
    *part = (struct region_part){.number = part->number + 1,
                                 .runs = true,
                                 .name = trace_name_first(trace, e->b),
                                 .since = e->ns};
}

static void begin_barrier(struct region_part *part, int64_t now)
{
    part->waits = true;
    part->waits_since = now;
    part->helped = part->tasks = 0;
}

static void end_barrier(struct region_part *part, int64_t now)
{
    part->waits = false;
    part->waited += now - part->waits_since - part->helped;
    part->barriers++;
}

static void end_task(struct region_part *part, int64_t now)
{
    if (part->tasks && --part->tasks == 0)
        part->helped += now - part->task_since;
}

static bool is_barrier(const trace_file *trace, const trace_event *e)
{
    return strcmp(trace_name(trace, e->a), "omp barrier") == 0;
}

static bool make_room(region_list *regions, const trace_file *trace)
{
    if (!regions->part)
        regions->part = calloc(trace_facts_of(trace)->workers, sizeof *regions->part);
    if (!regions->open)
        regions->open = calloc(OPEN, sizeof *regions->open);
    return regions->part && regions->open;
}

bool regions_add(region_list *regions, const trace_file *trace, const trace_event *e)
{
    if (!make_room(regions, trace))
        return false;
    struct region_part *part = &regions->part[e->writer];
    if (e->kind == FL_TRACE_JOB && !e->a)
        begin_part(trace, part, e);
    if (!part->runs)
        return true;
    if (e->kind == FL_TRACE_JOB_END)
        return end_part(regions, trace, part, e->ns);
    if (e->kind == FL_TRACE_SPAN && !part->waits && is_barrier(trace, e))
        begin_barrier(part, e->ns);
    else if (e->kind == FL_TRACE_SPAN_END && part->waits && !part->tasks)
        end_barrier(part, e->ns);
    else if (e->kind == FL_TRACE_TASK && part->waits && !part->tasks++)
        part->task_since = e->ns;
    else if (e->kind == FL_TRACE_TASK_END && part->waits)
        end_task(part, e->ns);
    return true;
}

static int by_time(const void *one, const void *other)
{
    const region_figures *a = one, *b = other;
    return a->time != b->time ? (a->time < b->time ? 1 : -1)
                              : (a->name > b->name) - (a->name < b->name);
}

void regions_put_in_order(region_list *regions)
{
    if (regions->count)
        qsort(regions->row, regions->count, sizeof *regions->row, by_time);
}

void regions_free(region_list *regions)
{
    free(regions->row);
    free(regions->part);
    free(regions->open);
}
