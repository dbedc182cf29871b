/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "strands.h"

#include <stdlib.h>

/* ---- Strands ---- */

static uint32_t add_strand(strands *s, const dag_strand *strand)
{
    dag *d = s->out;
    if (d->strands + 1 >= s->strand_room) {
        size_t room = s->strand_room ? 2 * s->strand_room : 1024;
        dag_strand *more = room <= UINT32_MAX ? realloc(d->strand, room * sizeof *more) : NULL;
        if (!more) {
            s->is_short = true;
            return 0;
        }
        d->strand = more;
        s->strand_room = room;
    }
    d->strand[++d->strands] = *strand;
    return d->strands;
}

uint32_t strands_cut(strands *s, frame *f, int64_t ns)
{
    int64_t ran = f->ran + (f->since >= 0 ? ns - f->since : 0);
    if (ran || f->also)
        f->last = add_strand(s, &(dag_strand){ran, f->last, f->also, f->site});
    f->also = 0;
    f->unnoted += ran;
    f->ran = 0;
    if (f->since >= 0)
        f->since = ns;
    return f->last;
}

void strands_after(strands *s, frame *f, uint32_t strand, int64_t ns)
{
    strands_cut(s, f, ns);
    f->also = strand;
}

/* ---- Sites ---- */

uint32_t strands_site(strands *s, uint32_t by, uint32_t name)
{
    dag *d = s->out;
    table_place *place = table_at(&s->sites, by << 16 | (name & 0xffff)); /* names are few */
    if (!place) {
        s->is_short = true;
        return 0;
    }
    if (!place->value) {
        if (d->sites == s->site_room) {
            size_t room = s->site_room ? 2 * s->site_room : 16;
            dag_site *more = realloc(d->site, room * sizeof *more);
            if (!more) {
                s->is_short = true;
                return 0;
            }
            d->site = more;
            s->site_room = room;
        }
        d->site[d->sites++] = (dag_site){by, name, 0};
        place->value = d->sites;
    }
    return (uint32_t)place->value - 1;
}

uint32_t strands_name(const strands *s, const frame *f)
{
    return s->out->site[f->site].name;
}

void strands_free(strands *s)
{
    table_free(&s->sites);
}
