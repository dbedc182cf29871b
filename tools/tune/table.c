/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The advice first, then a table for each part, and its conclusions. */
#include "tune.h"

#include <tools/shared/machine.h>
#include <tools/shared/units.h>

enum { TEXT = 32 };

/* ---- Advice ---- */

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

static void write_advice(const tune_report *r, FILE *out)
{
    advise_width(&r->width, out);
    advise_capacity(&r->queue, out);
    if (r->other > TUNE_DISTURBED)
        fprintf(out,
                "disturbed: other programs took %.0f %% of the machine; measure again on a quiet "
                "machine\n",
                100 * r->other);
}

/* ---- Tables ---- */

static const char *tail_of(size_t row, size_t recommended)
{
    return row == recommended ? "  <- recommended" : "";
}

static char mark_of(const apart_facts *facts)
{
    return apart_other_share(facts) > TUNE_DISTURBED ? '*' : ' ';
}

/* Whether there is something to show; else says why not. */
static bool shown(const char *label, unsigned count, const apart_facts *facts, FILE *out)
{
    if (!count)
        fprintf(out, "%10s  failed: %s\n", label, facts->error);
    return count > 0;
}

static void write_range(const char *(*text_of)(double, char *, size_t), spread s, char *text)
{
    char low[TEXT / 2], high[TEXT / 2];
    snprintf(text, TEXT, "%.12s..%.12s", text_of(s.min, low, sizeof low),
             text_of(s.max, high, sizeof high));
}

static void write_width_row(const width_report *w, size_t row, FILE *out)
{
    const width_cell *c = &w->cells[row];
    char label[TEXT], rate[TEXT], range[TEXT];
    snprintf(label, sizeof label, "%u", c->width);
    if (!shown(label, c->count, &c->facts, out))
        return;
    write_range(count_text, c->throughput, range);
    fprintf(out, "%10s %8u %9s %19s%c %9.2f %6.2f..%-6.2f %8.2f%s\n", label, c->threads,
            count_text(c->throughput.median, rate, sizeof rate), range, mark_of(&c->facts),
            c->speed_up.median, c->speed_up.min, c->speed_up.max,
            amdahl_speed_up(w->fit.serial, c->width < w->fills ? c->width : w->fills),
            tail_of(row, w->recommended));
}

static void write_width(const width_report *w, unsigned cores, FILE *out)
{
    fprintf(out, "\nWidth: jobs in progress\n%10s %8s %9s %19s  %9s %-14s %8s\n", "width",
            "threads", "jobs/s", "min..max", "speed-up", "   min..max", "Amdahl");
    for (size_t i = 0; i < w->count; i++)
        write_width_row(w, i, out);
    if (!w->cells[0].count)
        return;
    fprintf(out,
            "The load is %s: at width 1, a job computes %.0f %% of its time. %u cores / %.3f: "
            "%.0f in progress keep all cores busy.\n",
            load_kind_names[w->kind], 100 * w->busy, cores, w->busy, w->fills);
    fprintf(out, "Amdahl's law fits with a serial share of %.1f %% (residual %.1f %%)",
            100 * w->fit.serial, 100 * w->fit.residual);
    if (w->fit.serial > 0)
        fprintf(out, ": no width gains more than %.3g", 1 / w->fit.serial);
    fputs(".\n", out);
}

static void write_queue_row(const queue_report *q, size_t row, FILE *out)
{
    const queue_cell *c = &q->cells[row];
    char label[TEXT], figures[4][TEXT];
    const queue_sample *m = &c->median;
    snprintf(label, sizeof label, "%u", c->capacity);
    if (!shown(label, c->count, &c->facts, out))
        return;
    fprintf(out, "%10s %9.2f%% %6.2f..%-6.2f%c %9s %9s %9s %9s %8.2f %8.2f %6.1f%%%s\n", label,
            100 * c->share, 100 * c->rejected.min, 100 * c->rejected.max, mark_of(&c->facts),
            time_text(m->wait_50, figures[0], TEXT), time_text(m->wait_99, figures[1], TEXT),
            count_text(m->arrivals, figures[2], TEXT), time_text(m->seconds_in, figures[3], TEXT),
            m->by_little, m->in_system, 100 * c->little.median, tail_of(row, q->recommended));
}

static void write_queue(const queue_report *q, FILE *out)
{
    char rate[TEXT], late[TEXT];
    double latest = 0, little = 0;
    for (size_t i = 0; i < q->count; i++) {
        const queue_cell *c = &q->cells[i];
        latest = c->median.late_99 > latest ? c->median.late_99 : latest;
        little = c->little.max > little ? c->little.max : little;
    }
    fprintf(out, "\nQueue: %s arrivals a second at a pool of width %u; a full queue rejects jobs\n",
            count_text(q->rate, rate, sizeof rate), q->width);
    fprintf(out, "%10s %10s %14s  %9s %9s %9s %9s %8s %8s %7s\n", "capacity", "rejected",
            "min..max  ", "p50 wait", "p99 wait", "lambda/s", "W", "lambda*W", "L", "apart");
    for (size_t i = 0; i < q->count; i++)
        write_queue_row(q, i, out);
    if (!q->measured)
        return;
    fprintf(out,
            "Arrivals ask for %.0f %% of the pool. Little's law, L = lambda * W: the two sides lie "
            "at most %.1f %% apart. Arrivals came up to %s late (p99).\n",
            100 * q->load, 100 * little, time_text(latest, late, sizeof late));
}

static void write_foot(const tune_report *r, FILE *out)
{
    fprintf(out,
            "\nNoise: measurements of the same thing lie %.0f %% apart (median; at worst %.0f %%); "
            "other programs took %.0f %% of the machine. %.0f s.\n",
            100 * r->noise_median, 100 * r->noise_most, r->other > 0 ? 100 * r->other : 0,
            r->seconds);
    if (r->other > TUNE_DISTURBED)
        fputs("*: disturbed: other programs took more than 5 % of the machine.\n", out);
}

void tune_write_table(const tune_report *r, FILE *out)
{
    const tune_options *o = r->options;
    machine m;
    char cpu[TEXT], wait[TEXT];
    machine_read(&m);
    write_advice(r, out);
    fprintf(out, "\n%s, %u cores to use, %s\n", m.cpu, o->cores, m.kernel);
    fprintf(out, "load %s: a job computes %s and waits %s; %.0f %% of the jobs are done alone\n",
            o->load.name, time_text((double)o->load.cpu * 1e-9, cpu, sizeof cpu),
            time_text((double)o->load.wait * 1e-9, wait, sizeof wait), 100 * o->load.serial);
    if (r->width.count)
        write_width(&r->width, o->cores, out);
    if (r->queue.count)
        write_queue(&r->queue, out);
    write_foot(r, out);
}
