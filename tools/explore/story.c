/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <inttypes.h>

enum { SHOWN = 100 /* switches */ };

static const char *const reasons[] = {
    [FL_SCHEDULE_PREEMPTED] = "stops",
    [FL_SCHEDULE_WAITS] = "waits",
    [FL_SCHEDULE_SPINS] = "yields",
    [FL_SCHEDULE_LEAVES] = "ends",
};

static void write_switch(const places *p, const schedule *s, bool openmp,
                         const fl_schedule_entry *e, FILE *out)
{
    char from[32], to[32], text[600];
    place at;
    fprintf(out, "%s %s", schedule_thread(s, openmp, e->from, from, sizeof from), reasons[e->why]);
    if (places_find(p, e->place, &at))
        fprintf(out, " at %s", place_text(&at, text, sizeof text));
    else
        fprintf(out, " at its decision point %" PRIu64, e->point);
    fprintf(out, "; %s goes on\n", schedule_thread(s, openmp, e->to, to, sizeof to));
}

void story_write(const places *p, const schedule *s, bool openmp, FILE *out)
{
    size_t number = 0;
    for (size_t i = 0; i < s->header.switches; i++)
        if (!s->entry[i].usual && ++number <= SHOWN) {
            fprintf(out, "%4zu. ", number);
            write_switch(p, s, openmp, &s->entry[i], out);
        }
    if (number > SHOWN)
        fprintf(out, "      and %zu more\n", number - SHOWN);
}
