/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A view as lines: the head, the workers, pools, loops, waits, and steals. The first 60 columns hold all
 * but long names and large tables of steals. */
#include "loops.h"
#include "process.h"
#include "view.h"

#include <inttypes.h>
#include <runtime/pool/statistics.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/output.h>
#include <tools/shared/units.h>

enum { FIGURE = 24, STEAL_COLUMN = 8 };

/* A rate, "-" before there is one. */
static const char *rate_text(const view *v, double rate, char text[FIGURE])
{
    return view_has_rates(v)
               ? count_text(rate < 1000 ? (double)(long)(rate + 0.5) : rate, text, FIGURE)
               : strcpy(text, "-");
}

/* Nanoseconds a second, of so many workers, as a share. */
static const char *share_text(const view *v, double rate, double workers, char text[FIGURE])
{
    double share = workers > 0 ? rate / 1e7 / workers : 0; /* per cent */
    if (!view_has_rates(v))
        return strcpy(text, "-");
    snprintf(text, FIGURE, "%.0f %%", share > 100 ? 100 : share);
    return text;
}

/* ---- The head ---- */

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *age_text(const view *v, char text[FIGURE])
{
    const fl_page_header *header = page_header(&v->now);
    uint64_t when = filch_u64_load(&header->when, FILCH_RELAXED); /* of a copy */
    uint64_t seconds =
        when > (uint64_t)header->began_ns ? (when - (uint64_t)header->began_ns) / 1000000000 : 0;
    snprintf(text, FIGURE, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
             seconds / 60 % 60, seconds % 60);
    return text;
}

static void write_program(const view *v, FILE *out)
{
    char plain[PLAIN_MOST], age[FIGURE];
    const fl_page_header *header = page_header(&v->now);
    fprintf(out, "process %ld  %.20s  runtime %" PRIu32 " of %u  up %s\n", v->page->process,
            plain_text(*header->program ? file_of(header->program) : "(unknown)", plain,
                       sizeof plain),
            header->runtime, v->page->runtimes, age_text(v, age));
}

static const char *or_unknown(const char *text, char plain[PLAIN_MOST])
{
    return plain_text(text ? text : "-", plain, PLAIN_MOST);
}

static void write_settings(const page_table *rt, FILE *out)
{
    char policy[PLAIN_MOST], queue[PLAIN_MOST];
    fprintf(out, "workers %" PRIu64 " of %" PRIu64 "  policy %s  queue %s\n",
            page_number(rt, 0, "workers"), page_number(rt, 0, "max_workers"),
            or_unknown(page_text(rt, 0, "policy"), policy),
            or_unknown(page_text(rt, 0, "queue"), queue));
}

/* A figure of the head: the rates of some counts, added up. */
typedef struct head_figure {
    const char *label, *column[3];
} head_figure;

static double sum_of_rates(const view *v, const char *table, uint32_t row,
                           const char *const *column)
{
    double sum = 0;
    for (; *column; column++)
        sum += view_rate(v, table, row, *column);
    return sum;
}

static void write_shares(const view *v, FILE *out)
{
    static const head_figure shares[] = {{"working", {"work_ns"}},
                                         {"searching", {"search_ns"}},
                                         {"asleep", {"sleep_ns"}}};
    char text[FIGURE];
    /* of all workers that there were since the last reading, also those that have left */
    double all = 0;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        all += sum_of_rates(v, "runtime", 0, shares[i].column);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        fprintf(out, "%s%s %s", i ? "  " : "", shares[i].label,
                share_text(v, sum_of_rates(v, "runtime", 0, shares[i].column), all / 1e9, text));
    fputc('\n', out);
}

static void write_rates(const view *v, FILE *out)
{
    static const head_figure rates[] = {{"steals", {"tasks_taken", "deque_steals"}},
                                        {"jobs", {"jobs_run"}},
                                        {"waits", {"suspensions"}}};
    char text[FIGURE];
    page_table rt = page_table_of(&v->now, "runtime");
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        fprintf(out, "%s%s %s/s", i ? "  " : "", rates[i].label,
                rate_text(v, sum_of_rates(v, "runtime", 0, rates[i].column), text));
    fprintf(out, "\nfibers %" PRIu64 "  waiting %" PRIu64 "  sleeps %s/s\n",
            page_number(&rt, 0, "fibers"), page_number(&rt, 0, "suspended"),
            rate_text(v, view_rate(v, "runtime", 0, "parks"), text));
}

/* ---- Workers ---- */

static const char *const steals[] = {"tasks_taken", "deque_steals", NULL};

static double key_of(const view *v, const page_table *workers, uint32_t row)
{
    switch (v->order) {
    case BY_WORK:
        return view_rate(v, "workers", row, "work_ns");
    case BY_STEALS:
        return sum_of_rates(v, "workers", row, steals);
    case BY_READY:
        return (double)(page_number(workers, row, "ready") + page_number(workers, row, "forked"));
    default:
        return 0;
    }
}

typedef struct place {
    uint32_t row;
    double key;
} place;

/* The larger key first; equal ones by number. */
static int compare(const void *one, const void *other)
{
    const place *a = one, *b = other;
    return a->key != b->key ? (a->key < b->key ? 1 : -1) : (a->row > b->row) - (a->row < b->row);
}

static void write_worker(const view *v, const page_table *workers, uint32_t row, FILE *out)
{
    char work[FIGURE], stolen[FIGURE], state[PLAIN_MOST], task[PLAIN_MOST], at[FIGURE] = "-";
    const char *name = page_text(workers, row, "task");
    int cpu = v->page->is_same_space
                  ? process_cpu(v->page->process, page_number(workers, row, "thread"))
                  : -1;
    if (cpu >= 0)
        snprintf(at, sizeof at, "%d", cpu);
    fprintf(out, "%4" PRIu32 " %-9.9s %3s %5s %5" PRIu64 " %6" PRIu64 " %8s%s%s\n", row,
            or_unknown(page_text(workers, row, "state"), state), at,
            share_text(v, view_rate(v, "workers", row, "work_ns"), 1, work),
            page_number(workers, row, "ready"), page_number(workers, row, "forked"),
            rate_text(v, sum_of_rates(v, "workers", row, steals), stolen), name ? " " : "",
            name ? plain_text(name, task, sizeof task) : "");
}

/* A worker that was never started has no state. */
static uint32_t started(const page_table *workers)
{
    uint32_t count = 0;
    while (count < workers->rows && page_text(workers, count, "state"))
        count++;
    return count;
}

static void write_workers(const view *v, FILE *out)
{
    page_table workers = page_table_of(&v->now, "workers");
    uint32_t count = started(&workers);
    place *order = calloc(count + 1, sizeof *order);
    fprintf(out, "\n%4s %-9s %3s %5s %5s %6s %8s %s\n", "#", "state", "cpu", "work", "ready",
            "forked", "steals/s", "task");
    for (uint32_t i = 0; order && i < count; i++)
        order[i] = (place){i, key_of(v, &workers, i)};
    if (order)
        qsort(order, count, sizeof *order, compare);
    for (uint32_t i = 0; i < count; i++)
        write_worker(v, &workers, order ? order[i].row : i, out);
    free(order);
}

/* ---- Pools, waits, steals ---- */

#define NOTHING(field, unit, now, help)
#define NAME(name, number, help) #name,

/* Of the outcomes, the first is success. */
static void write_pool(const view *v, const page_table *pools, uint32_t row, FILE *out)
{
    static const char *const outcomes[] = {FL_POOL_STATISTICS(NOTHING, NAME) NULL};
    char name[PLAIN_MOST], done[FIGURE], lost[FIGURE];
    fprintf(out, "%-18.18s %7" PRIu64 " %7" PRIu64 " %6" PRIu64 " %8s %8s\n",
            or_unknown(page_text(pools, row, "name"), name), page_number(pools, row, "waiting"),
            page_number(pools, row, "running"), page_number(pools, row, "width"),
            rate_text(v, view_rate(v, "pools", row, outcomes[0]), done),
            rate_text(v, sum_of_rates(v, "pools", row, outcomes + 1), lost));
}

static void write_pools(const view *v, FILE *out)
{
    page_table rt = page_table_of(&v->now, "runtime"), pools = page_table_of(&v->now, "pools");
    uint64_t all = page_number(&rt, 0, "pools"), shown = 0;
    if (!all)
        return;
    fprintf(out, "\n%-18s %7s %7s %6s %8s %8s\n", "pool", "waiting", "running", "width", "done/s",
            "failed/s");
    for (uint32_t row = 0; row < pools.rows; row++)
        if (page_number(&pools, row, "id")) {
            write_pool(v, &pools, row, out);
            shown++;
        }
    if (all > shown)
        fprintf(out, "and %" PRIu64 " more\n", all - shown);
}

static void write_waits(const view *v, FILE *out)
{
    page_table rt = page_table_of(&v->now, "runtime"), waits = page_table_of(&v->now, "waits");
    bool is_counted = page_number(&rt, 0, "waits_counted"), has_title = false;
    char call[PLAIN_MOST];
    for (uint32_t row = 0; is_counted && row < waits.rows; row++) {
        uint64_t tasks = page_number(&waits, row, "tasks");
        if (!tasks)
            continue;
        fprintf(out, "%s%7" PRIu64 " %s\n", has_title ? "" : "\nwaiting in\n", tasks,
                or_unknown(page_text(&waits, row, "call"), call));
        has_title = true;
    }
    if (!is_counted)
        fputs("\nwaiting tasks: too many fibers to count\n", out);
}

/* Thief by row, victim by column. */
static void write_steals(const view *v, unsigned width, FILE *out)
{
    page_table workers = page_table_of(&v->now, "workers"),
               table = page_table_of(&v->now, "steals");
    uint32_t count = started(&workers), shown;
    char text[FIGURE];
    if (!table.rows || count < 2)
        return;
    shown = width > 5 ? (width - 5) / STEAL_COLUMN : width ? 0 : count;
    shown = shown < count ? shown : count;
    fputs("\nsteals/s: thief \\ victim\n    ", out);
    for (uint32_t victim = 0; victim < shown; victim++)
        fprintf(out, "%*" PRIu32, STEAL_COLUMN, victim);
    for (uint32_t thief = 0; thief < count && thief < table.rows; thief++) {
        fprintf(out, "\n%4" PRIu32, thief);
        for (uint32_t victim = 0; victim < shown && victim < table.columns; victim++)
            fprintf(out, "%*s", STEAL_COLUMN,
                    rate_text(v, view_rate(v, "steals", thief, table.column[victim].name), text));
    }
    fprintf(out, "\n%s", shown < count ? "a wider window shows more victims\n" : "");
}

void view_write(const view *v, unsigned width, FILE *out)
{
    page_table rt = page_table_of(&v->now, "runtime");
    write_program(v, out);
    write_settings(&rt, out);
    write_shares(v, out);
    write_rates(v, out);
    write_workers(v, out);
    write_pools(v, out);
    loops_write(v, out);
    write_waits(v, out);
    write_steals(v, width, out);
}
