/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "span_report.h"
#include "dag.h"
#include "span.h"
#include "spread.h"

#include <errno.h>
#include <inttypes.h>
#include <tools/shared/output.h>
#include <tools/shared/sheet.h>
#include <tools/shared/units.h>

enum { TEXT = 24, NAME = 28, SITES_SHOWN = 12, CURVE_MOST = 1024 };

static const char *ns_text(int64_t ns, char text[TEXT])
{
    return time_text((double)ns / 1e9, text, TEXT);
}

static double parallelism(int64_t work, int64_t span)
{
    return span ? (double)work / (double)span : 0;
}

/* ---- Figures ---- */

/* The cost, in this run, of handing a task over and back. The way there is not recorded; it goes over the same
 * lines of memory. */
static int64_t burden_of(const dag *d)
{
    return 2 * spread_at(&d->back, 0.5);
}

static int measure(trace_file *trace, dag *d, span_figures *figures, const char **why)
{
    int rc = dag_build(d, trace, why);
    if (!rc && !span_measure(figures, d, burden_of(d))) {
        dag_free(d);
        rc = -ENOMEM;
    }
    return rc;
}

/* ---- For people ---- */

static void write_head(const trace_file *trace, const dag *d, const span_figures *f, FILE *out)
{
    char a[TEXT], b[TEXT];
    const trace_facts *facts = trace_facts_of(trace);
    write_plain(*facts->program ? facts->program : "(unknown program)", out);
    fprintf(out,
            ": %" PRIu64 " forked tasks, of which %" PRIu64
            " ran elsewhere than in their joins\n\n",
            d->tasks, d->taken);
    fprintf(out, "work           %s\n", ns_text(f->work, a));
    fprintf(out, "span           %-10s parallelism %.4g\n", ns_text(f->span, a),
            parallelism(f->work, f->span));
    fprintf(out, "burdened span  %-10s parallelism %.4g, with %s for each task that may be taken\n",
            ns_text(f->burdened, a), parallelism(f->work, f->burdened), ns_text(f->burden, b));
    if (d->handovers)
        fprintf(out,
                "%" PRIu64 " hand-overs of locks, permits and items, in the order of this run: "
                "another order may have a shorter span\n",
                d->handovers);
    if (d->preempted)
        fprintf(out, "the system took a CPU away %" PRIu64 " times: some strands are too long\n",
                d->preempted);
    if (d->ended_outside)
        fprintf(out,
                "not in these: %s in %" PRIu64
                " waits that a timer, a file, a thread or a yield ended\n",
                ns_text(d->outside_ns, a), d->ended_outside);
}

static void write_curve(const trace_file *trace, const dag *d, const span_figures *f, FILE *out)
{
    const trace_facts *facts = trace_facts_of(trace);
    const double most = parallelism(f->work, f->span);
    sheet s;
    sheet_open(&s, "workers:-8n,at least:14f2,at most:14f2", out);
    for (unsigned p = 1; p <= CURVE_MOST; p *= 2) {
        SHEET_ROW(&s, CELL(p), CELL(span_least(f->work, f->burdened, p)),
                  CELL(span_most(f->work, f->span, p)));
        if (p > 4 * most)
            break;
    }
    if (d->ended > d->began)
        SHEET_ROW(&s, CELL(facts->workers), CELL((double)f->work / (double)(d->ended - d->began)),
                  CELL("in this run: work by the time from the first strand to the last"));
}

static int write_sites(const trace_file *trace, const dag *d, const span_figures *f, FILE *out)
{
    sheet s;
    sheet_open(&s,
               "forker > task:-34s,tasks:9c,work:9t,on span:9t,share:7%1,span if free:13t,"
               "parallelism:12f2",
               out);
    for (uint32_t i = 0; i < d->sites && i < SITES_SHOWN; i++) {
        const span_site *of = &f->site[i];
        const dag_site *site = &d->site[of->site];
        span_if free;
        char name[2 * NAME + 4];
        if (!span_without(&free, d, site->name))
            return -ENOMEM;
        snprintf(name, sizeof name, "%.*s > %.*s", NAME - 1,
                 site->by ? trace_name(trace, site->by) : "(outside)", NAME - 1,
                 trace_name(trace, site->name));
        SHEET_ROW(&s, CELL(name), CELL(site->count), CELL_NS(of->work), CELL_NS(of->on_span),
                  CELL(f->span ? (double)of->on_span / (double)f->span : 0), CELL_NS(free.span),
                  CELL(parallelism(free.work, free.span)));
    }
    if (d->sites > SITES_SHOWN)
        fprintf(out, "(and %" PRIu32 " more)\n", d->sites - SITES_SHOWN);
    return 0;
}

int span_write(trace_file *trace, FILE *out, const char **why)
{
    dag d;
    span_figures f;
    int rc = measure(trace, &d, &f, why);
    if (rc)
        return rc;
    write_head(trace, &d, &f, out);
    write_curve(trace, &d, &f, out);
    rc = write_sites(trace, &d, &f, out);
    span_free(&f);
    dag_free(&d);
    return rc;
}

/* ---- CSV ---- */

int span_write_csv(trace_file *trace, FILE *out, const char **why)
{
    dag d;
    span_figures f;
    int rc = measure(trace, &d, &f, why);
    if (rc)
        return rc;
    fprintf(out,
            "tag,work (seconds),span (seconds),parallelism,burdened_span (seconds),"
            "burdened_parallelism\n,%.9f,%.9f,%.6g,%.9f,%.6g\n",
            (double)f.work / 1e9, (double)f.span / 1e9, parallelism(f.work, f.span),
            (double)f.burdened / 1e9, parallelism(f.work, f.burdened));
    span_free(&f);
    dag_free(&d);
    return 0;
}
