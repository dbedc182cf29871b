/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The advice first, then each part: a table, a chart, and what it says. */
#include "tune.h"

#include <tools/shared/machine.h>
#include <tools/shared/units.h>

enum { TEXT = 32, BAR = 44 };

static char mark_of(const apart_facts *facts)
{
    return apart_other_share(facts) > TUNE_DISTURBED ? '*' : ' ';
}

/* Whether there is something to show; else says why not. */
static bool shown(const char *label, int count, const apart_facts *facts, FILE *out)
{
    if (!count)
        fprintf(out, "%10s  failed: %s\n", label, facts->error);
    return count > 0;
}

/* One line of a chart: as long as value is to most. */
static void write_bar(FILE *out, const char *label, double value, double most, const char *text)
{
    char bar[BAR + 1];
    int length = most > 0 ? (int)(value / most * BAR + 0.5) : 0;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < length ? '#' : ' ';
    bar[BAR] = '\0';
    fprintf(out, "%10s |%s %s\n", label, bar, text);
}

static void write_range(const char *(*text_of)(double, char *, size_t), spread s, char *text)
{
    char low[TEXT / 2], high[TEXT / 2];
    snprintf(text, TEXT, "%.12s..%.12s", text_of(s.min, low, sizeof low),
             text_of(s.max, high, sizeof high));
}

static void write_width_row(const width_cell *c, const width_report *w, FILE *out)
{
    char label[TEXT], rate[TEXT], range[TEXT];
    snprintf(label, sizeof label, "%u", c->width);
    if (!shown(label, c->count, &c->facts, out))
        return;
    write_range(count_text, c->throughput, range);
    fprintf(out, "%10s %8u %9s %19s%c %9.2f %6.2f..%-6.2f %8.2f\n", label, c->threads,
            count_text(c->throughput.median, rate, sizeof rate), range, mark_of(&c->facts),
            c->speed_up.median, c->speed_up.min, c->speed_up.max,
            amdahl_speed_up(w->fit.serial, c->width < w->fills ? c->width : w->fills));
}

static void chart_width(const width_report *w, FILE *out)
{
    double most = 0;
    for (size_t i = 0; i < w->count; i++)
        most = w->cells[i].speed_up.median > most ? w->cells[i].speed_up.median : most;
    fputs("\n     width   speed-up\n", out);
    for (size_t i = 0; i < w->count; i++) {
        const width_cell *c = &w->cells[i];
        char label[TEXT], text[2 * TEXT];
        snprintf(label, sizeof label, "%u", c->width);
        snprintf(text, sizeof text, "%.2f%s", c->speed_up.median,
                 i == w->recommended ? "  <- recommended" : "");
        if (c->count)
            write_bar(out, label, c->speed_up.median, most, text);
    }
}

static void write_width(const width_report *w, unsigned cores, FILE *out)
{
    fprintf(out, "\nWidth: jobs in progress\n%10s %8s %9s %19s  %9s %-14s %8s\n", "width",
            "threads", "jobs/s", "min..max", "speed-up", "   min..max", "Amdahl");
    for (size_t i = 0; i < w->count; i++)
        write_width_row(&w->cells[i], w, out);
    if (!w->cells[0].count)
        return;
    chart_width(w, out);
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

static void write_queue_row(const queue_cell *c, FILE *out)
{
    char label[TEXT], figures[4][TEXT];
    const queue_sample *m = &c->median;
    snprintf(label, sizeof label, "%u", c->capacity);
    if (!shown(label, c->count, &c->facts, out))
        return;
    fprintf(out, "%10s %9.2f%% %6.2f..%-6.2f%c %9s %9s %9s %9s %8.2f %8.2f %6.1f%%\n", label,
            100 * c->share, 100 * c->rejected.min, 100 * c->rejected.max, mark_of(&c->facts),
            time_text(m->wait_50, figures[0], TEXT), time_text(m->wait_99, figures[1], TEXT),
            count_text(m->arrivals, figures[2], TEXT), time_text(m->seconds_in, figures[3], TEXT),
            m->by_little, m->in_system, 100 * c->little.median);
}

static void chart_queue(const queue_report *q, bool rejected, FILE *out)
{
    double most = 0;
    for (size_t i = 0; i < q->count; i++) {
        const queue_cell *c = &q->cells[i];
        double value = rejected ? c->share : c->median.wait_99;
        most = value > most ? value : most;
    }
    fprintf(out, "\n  capacity   %s\n", rejected ? "rejected" : "p99 waiting");
    for (size_t i = 0; i < q->count; i++) {
        const queue_cell *c = &q->cells[i];
        char label[TEXT], text[2 * TEXT], wait[TEXT];
        snprintf(label, sizeof label, "%u", c->capacity);
        if (rejected)
            snprintf(wait, sizeof wait, "%.2f %%", 100 * c->share);
        else
            time_text(c->median.wait_99, wait, sizeof wait);
        snprintf(text, sizeof text, "%s%s", wait, i == q->recommended ? "  <- recommended" : "");
        if (c->count)
            write_bar(out, label, rejected ? c->share : c->median.wait_99, most, text);
    }
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
        write_queue_row(&q->cells[i], out);
    if (!q->measured)
        return;
    chart_queue(q, true, out);
    chart_queue(q, false, out);
    fprintf(out,
            "Arrivals ask for %.0f %% of the pool. Little's law, L = lambda * W: the two sides lie "
            "at most %.1f %% apart. Arrivals came up to %s late (p99).\n",
            100 * q->load, 100 * little, time_text(latest, late, sizeof late));
}

static void chart_ways(const ways_report *w, FILE *out)
{
    double most = 0;
    for (size_t i = 0; i < WAYS; i++)
        most = w->cells[i].peak_mib.median > most ? w->cells[i].peak_mib.median : most;
    fputs("\n             peak memory\n", out);
    for (size_t i = 0; i < WAYS; i++) {
        const way_cell *c = &w->cells[i];
        char text[TEXT];
        snprintf(text, sizeof text, "%.1f MiB", c->peak_mib.median);
        if (c->count)
            write_bar(out, c->name, c->peak_mib.median, most, text);
    }
}

static void write_ways(const ways_report *w, unsigned most_threads, FILE *out)
{
    fprintf(out, "\nPool: %u jobs at once\n%10s %9s %19s  %9s %15s %8s %9s %10s\n", w->jobs, "",
            "time", "min..max", "peak MiB", "min..max", "threads", "failures", "held back");
    for (size_t i = 0; i < WAYS; i++) {
        const way_cell *c = &w->cells[i];
        char time[TEXT], range[TEXT], peaks[TEXT];
        if (!shown(c->name, c->count, &c->facts, out))
            continue;
        write_range(time_text, c->seconds, range);
        snprintf(peaks, sizeof peaks, "%.1f..%.1f", c->peak_mib.min, c->peak_mib.max);
        fprintf(out, "%10s %9s %19s%c %9.1f %15s %8.0f %9.0f %10.0f\n", c->name,
                time_text(c->seconds.median, time, sizeof time), range, mark_of(&c->facts),
                c->peak_mib.median, peaks, c->threads, c->failures, c->held_back);
    }
    chart_ways(w, out);
    for (size_t i = 0; i < WAYS; i++)
        fprintf(out, "%s: %s%s", w->cells[i].name, w->cells[i].what, i + 1 < WAYS ? ". " : "");
    fprintf(out,
            ", of width %u and capacity %u.\nThreads are kept to %u at a time (--threads); jobs "
            "that waited for that were held back. The kernel's memory for threads is not in "
            "the peak.\n",
            w->width, w->capacity, most_threads);
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
    tune_write_advice(r, out);
    fprintf(out, "\n%s, %u cores to use, %s\n", m.cpu, o->cores, m.kernel);
    fprintf(out, "load %s: a job computes %s and waits %s; %.0f %% of the jobs are done alone\n",
            o->load.name, time_text((double)o->load.cpu * 1e-9, cpu, sizeof cpu),
            time_text((double)o->load.wait * 1e-9, wait, sizeof wait), 100 * o->load.serial);
    if (r->width.count)
        write_width(&r->width, o->cores, out);
    if (r->queue.count)
        write_queue(&r->queue, out);
    if (r->ways.jobs)
        write_ways(&r->ways, o->threads, out);
    write_foot(r, out);
}
