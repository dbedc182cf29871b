/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "span.h"

#include <stdlib.h>

typedef struct chain {
    int64_t *until; /* by strand: the longest chain to its end, in ns */
    uint32_t last;  /* the strand that ends the longest one */
} chain;

static int64_t cost_of(const dag *d, const dag_strand *s, uint32_t free_name)
{
    return free_name && d->site[s->site].name == free_name ? 0 : s->ns;
}

/* `free_name`: of the tasks that cost nothing; 0: none. */
static bool find_chain(chain *out, const dag *d, int64_t burden, uint32_t free_name)
{
    *out = (chain){.until = malloc(((size_t)d->strands + 1) * sizeof *out->until)};
    if (!out->until)
        return false;
    out->until[0] = 0;
    for (uint32_t i = 1; i <= d->strands; i++) {
        const dag_strand *s = &d->strand[i];
        int64_t from = out->until[s->before], also = s->also ? out->until[s->also] + burden : 0;
        out->until[i] = (also > from ? also : from) + cost_of(d, s, free_name);
        if (out->until[i] > out->until[out->last])
            out->last = i;
    }
    return true;
}

static int64_t work_of(const dag *d, uint32_t free_name)
{
    int64_t sum = 0;
    for (uint32_t i = 1; i <= d->strands; i++)
        sum += cost_of(d, &d->strand[i], free_name);
    return sum;
}

static void walk_back(span_figures *f, const dag *d, const chain *longest)
{
    for (uint32_t at = longest->last; at;) {
        const dag_strand *s = &d->strand[at];
        f->site[s->site].on_span += s->ns;
        f->site[s->site].strands_on_span++;
        at = s->also && longest->until[s->also] > longest->until[s->before] ? s->also : s->before;
    }
}

static int by_span(const void *one, const void *other)
{
    const span_site *a = one, *b = other;
    if (a->on_span != b->on_span)
        return a->on_span < b->on_span ? 1 : -1;
    return a->work != b->work ? (a->work < b->work ? 1 : -1) : (int)a->site - (int)b->site;
}

bool span_measure(span_figures *out, const dag *d, int64_t burden)
{
    chain plain = {0}, burdened = {0};
    *out = (span_figures){.burden = burden, .work = work_of(d, 0)};
    out->site = calloc((size_t)d->sites + 1, sizeof *out->site);
    bool done = out->site && find_chain(&plain, d, 0, 0) && find_chain(&burdened, d, burden, 0);
    for (uint32_t i = 0; done && i < d->sites; i++)
        out->site[i].site = i;
    for (uint32_t i = 1; done && i <= d->strands; i++)
        out->site[d->strand[i].site].work += d->strand[i].ns;
    if (done) {
        out->span = plain.until[plain.last];
        out->burdened = burdened.until[burdened.last];
        walk_back(out, d, &plain);
        qsort(out->site, d->sites, sizeof *out->site, by_span);
    }
    free(plain.until);
    free(burdened.until);
    if (!done)
        span_free(out);
    return done;
}

void span_free(span_figures *f)
{
    free(f->site);
    *f = (span_figures){0};
}

bool span_without(span_if *out, const dag *d, uint32_t name)
{
    chain longest;
    if (!find_chain(&longest, d, 0, name))
        return false;
    *out = (span_if){work_of(d, name), longest.until[longest.last]};
    free(longest.until);
    return true;
}

double span_most(int64_t work, int64_t span, unsigned workers)
{
    double parallelism = span ? (double)work / (double)span : 1;
    return parallelism < workers ? parallelism : workers;
}

double span_least(int64_t work, int64_t burdened, unsigned workers)
{
    double time = (double)work / workers + (1 - 1.0 / workers) * (double)burdened;
    return time > 0 ? (double)work / time : 1;
}
