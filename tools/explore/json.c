/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <errno.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/facts.h>

static json_t *switch_of(const places *p, const schedule *s, bool openmp,
                         const fl_schedule_entry *e)
{
    char from[32], to[32];
    place at;
    json_t *out =
        json_pack("{s:s, s:s, s:I}", "from", schedule_thread(s, openmp, e->from, from, sizeof from),
                  "to", schedule_thread(s, openmp, e->to, to, sizeof to), "point",
                  (json_int_t)e->point);
    const bool known = places_find(p, e->place, &at);
    json_object_set_new(out, "function", known ? json_string(at.function) : json_null());
    json_object_set_new(out, "file", known && at.line ? json_string(at.file) : json_null());
    json_object_set_new(out, "line", known && at.line ? json_integer(at.line) : json_null());
    return out;
}

static json_t *switches_of(const places *p, const schedule *s, bool openmp)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->header.switches; i++)
        if (!s->entry[i].usual)
            json_array_append_new(list, switch_of(p, s, openmp, &s->entry[i]));
    return list;
}

/* Output that is no UTF-8 is left out. */
static json_t *output_of(const places *p, const run *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return json_null();
    places_write(p, r->text, r->length, "", out);
    json_t *value = fclose(out) ? NULL : json_stringn(text, size);
    free(text);
    return value ? value : json_null();
}

static json_t *failure_of(const search *s, const places *p)
{
    const run *r = &s->failure, *shown = s->repeats ? &s->shortest : r;
    return json_pack("{s:I, s:s, s:i, s:o, s:b, s:I, s:I, s:i, s:o}", "seed",
                     (json_int_t)r->order.seed, "end", run_end_name(r), "code", r->code, "output",
                     output_of(p, shown), "repeats", s->repeats, "switches_found",
                     (json_int_t)schedule_choices(&r->schedule), "points",
                     (json_int_t)r->schedule.header.points, "replays", (int)s->replays, "schedule",
                     s->repeats ? switches_of(p, &shown->schedule, s->options->openmp)
                                : json_null());
}

int explore_json(const search *s, FILE *out)
{
    places p;
    const explore_options *o = s->options;
    places_open(&p, o->path);
    json_t *all =
        json_pack("{s:i, s:s, s:b, s:I, s:f, s:i, s:i, s:i, s:I, s:f, s:f, s:o}", "schema", 1,
                  "program", o->program[0], "found", s->found, "seeds", (json_int_t)s->tried,
                  "seconds", s->seconds, "workers", (int)o->workers, "threads", (int)s->threads,
                  "depth", (int)o->depth, "points", (json_int_t)s->points, "chance_per_run",
                  search_chance(s, o->depth), "chance", search_chance_of_all(s, o->depth),
                  "failure", s->found ? failure_of(s, &p) : json_null());
    places_close(&p);
    return facts_write(all, out);
}

#else

int explore_json(const search *s, FILE *out)
{
    (void)s, (void)out;
    return -ENOTSUP;
}

#endif
