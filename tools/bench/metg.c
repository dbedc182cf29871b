/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "metg.h"
#include "noise.h"
#include "summary.h"

#include <math.h>
#include <tools/shared/units.h>

const long bench_grains[] = {4, 16, 64, 256, 1024, 4096, 16384};
enum { GRAINS = sizeof bench_grains / sizeof bench_grains[0] };
const size_t bench_grain_count = GRAINS;

/* The logarithm of overhead over work; 0 at 50 %, positive where tasks are too small. A runtime that adds the same time
 * to each task is a straight line over the logarithm of the grain. */
static double waste(const metg_point *p, double tasks, double workers, double iteration)
{
    const double least = 1e-6; /* code faster than serial code wastes nothing */
    return log(fmax(workers * p->seconds / (tasks * p->grain * iteration) - 1, least));
}

metg metg_of(const metg_point *points, size_t count, double tasks, double workers, double iteration)
{
    size_t at = count - 1;
    double larger = waste(&points[at], tasks, workers, iteration);
    if (larger > 0)
        return (metg){points[at].seconds * workers / tasks, 1};
    while (at-- > 0) {
        const double smaller = waste(&points[at], tasks, workers, iteration);
        if (smaller > 0) {
            const double low = log(points[at].grain), high = log(points[at + 1].grain);
            const double grain = exp(low + smaller / (smaller - larger) * (high - low));
            return (metg){2 * grain * iteration, 0};
        }
        larger = smaller;
    }
    return (metg){points[0].seconds * workers / tasks, -1};
}

/* The points of one column of the kernel whose blocks begin at b. False where one failed. */
static bool points_of(const report *r, const block *b, const column *c, unsigned workers,
                      metg_point *points, bool *disturbed)
{
    for (size_t g = 0; g < GRAINS; g++) {
        const cell *found = bench_cell(&b[g], c, workers);
        if (!found)
            return false;
        const summary s = summarize(&b[g], found);
        points[g] = (metg_point){(double)b[g].grain, s.seconds.median};
        *disturbed |= noise_of(r, found) != 0;
    }
    return true;
}

size_t metg_rows(const report *r, const block *b, metg_row *out)
{
    const options *o = r->options;
    const double tasks = (double)block_kernel(b)->sizes[b->size].tasks;
    const unsigned workers = o->workers[o->worker_count - 1];
    metg_point serial[GRAINS], points[GRAINS];
    bool serial_disturbed = false;
    size_t count = 0;
    if (!points_of(r, b, &o->columns[0], 1, serial, &serial_disturbed))
        return 0;
    const metg_point *purest = &serial[GRAINS - 1];
    const double iteration = purest->seconds / (tasks * purest->grain);
    for (size_t c = 1; c < o->column_count; c++) {
        metg_row *row = &out[count];
        *row = (metg_row){&o->columns[c], workers, .disturbed = serial_disturbed};
        if (!points_of(r, b, row->column, workers, points, &row->disturbed))
            continue;
        row->found = metg_of(points, GRAINS, tasks, workers, iteration);
        count++;
    }
    return count;
}

const block *metg_next(const report *r, const block *b)
{
    const block *next = b ? b + GRAINS : r->blocks;
    return r->options->metg && next + GRAINS <= r->blocks + r->block_count ? next : NULL;
}

/* "work stealing (chase-lev) 120 ns"; with * where other programs took part. */
static void write_found(const metg_row *row, FILE *out)
{
    static const char *const bounds[] = {"below ", "", "above "};
    char title[128], text[32];
    fprintf(out, "%s %s", column_title(row->column, title, sizeof title),
            bounds[1 + row->found.beyond]);
    if (row->found.seconds < 0.9995e-6)
        fprintf(out, "%.3g ns", row->found.seconds * 1e9);
    else
        fputs(time_text(row->found.seconds, text, sizeof text), out);
    if (row->disturbed)
        fputc('*', out);
}

void bench_write_metg(const report *r, FILE *out)
{
    metg_row rows[BENCH_NAMES];
    for (const block *b = metg_next(r, NULL); b; b = metg_next(r, b)) {
        size_t count = metg_rows(r, b, rows);
        if (count > 0)
            fprintf(out, "METG(50 %%) of %s with %u worker%s: ", block_kernel(b)->name,
                    rows[0].workers, rows[0].workers == 1 ? "" : "s");
        for (size_t i = 0; i < count; i++) {
            fputs(i ? ", " : "", out);
            write_found(&rows[i], out);
        }
        fputs(count ? "\n" : "", out);
    }
}
