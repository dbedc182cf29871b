/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sentences above the tables. */
#include "tune.h"

#include <tools/shared/units.h>

static void advise_width(const width_report *w, FILE *out)
{
    if (!w->count || !w->cells[w->recommended].count)
        return;
    const width_cell *c = &w->cells[w->recommended];
    fprintf(out, "recommended width: %u (%s; %.2f times the throughput of width 1)%s\n", c->width,
            load_kind_names[w->kind], c->speed_up.median,
            w->grows ? "; it still grew there: try wider ones" : "");
}

static void advise_capacity(const queue_report *q, FILE *out)
{
    char rate[32], wait[32];
    if (!q->measured)
        return;
    count_text(q->rate, rate, sizeof rate);
    if (q->recommended == q->count) {
        fprintf(out,
                "recommended capacity: none (all reject too many of %s arrivals a second): "
                "%s\n",
                rate, q->load >= 1 ? "the pool is too narrow for them" : "try longer queues");
        return;
    }
    const queue_cell *c = &q->cells[q->recommended];
    fprintf(out,
            "recommended capacity: %u (width %u, %s arrivals a second: %.2f %% are rejected, p99 "
            "waiting %s)\n",
            c->capacity, q->width, rate, 100 * c->share,
            time_text(c->median.wait_99, wait, sizeof wait));
}

static void advise_pool(const ways_report *w, FILE *out)
{
    const way_cell *threads = &w->cells[WAY_THREADS], *pool = &w->cells[WAY_POOL];
    if (!w->jobs || !threads->count || !pool->count)
        return;
    if (threads->failures > 0) {
        fprintf(out,
                "a thread for each of %u jobs: %.0f could not be started; of the pool's, %.0f\n",
                w->jobs, threads->failures, pool->failures);
        return;
    }
    fprintf(out,
            "a pool against a thread for each of %u jobs: %.2f times the time, %.2f times the "
            "memory, %.0f threads instead of %.0f\n",
            w->jobs, pool->seconds.median / threads->seconds.median,
            pool->peak_mib.median / threads->peak_mib.median, pool->threads, threads->threads);
}

void tune_write_advice(const tune_report *r, FILE *out)
{
    advise_width(&r->width, out);
    advise_capacity(&r->queue, out);
    advise_pool(&r->ways, out);
    if (r->other > TUNE_DISTURBED)
        fprintf(out,
                "disturbed: other programs took %.0f %% of the machine; measure again on a quiet "
                "machine\n",
                100 * r->other);
}
