/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "metg.h"
#include "noise.h"

#include "bench.h"
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
    const double least = 1e-6; /* what is faster than serial code wastes nothing */
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

/* "chase-lev 120 ns"; with * where other programs took part. */
static void write_found(metg found, const column *c, bool disturbed, FILE *out)
{
    char text[32];
    fprintf(out, "%s %s", c->label, found.beyond < 0 ? "below " : found.beyond > 0 ? "above " : "");
    if (found.seconds < 1e-6)
        fprintf(out, "%.0f ns", found.seconds * 1e9);
    else
        fputs(time_text(found.seconds, text, sizeof text), out);
    if (disturbed)
        fputc('*', out);
}

static void write_kernel(const report *r, const block *b, const char *line_start, FILE *out)
{
    const options *o = r->options;
    const double tasks = (double)block_kernel(b)->sizes[b->size].tasks;
    const unsigned workers = o->workers[o->worker_count - 1];
    metg_point serial[GRAINS], points[GRAINS];
    const char *before = ": ";
    bool serial_disturbed = false;
    if (!points_of(r, b, &o->columns[0], 1, serial, &serial_disturbed))
        return;
    const metg_point *purest = &serial[GRAINS - 1];
    const double iteration = purest->seconds / (tasks * purest->grain);
    fprintf(out, "%sMETG(50 %%) of %s with %u worker%s", line_start, block_kernel(b)->name, workers,
            workers == 1 ? "" : "s");
    for (size_t c = 1; c < o->column_count; c++) {
        bool disturbed = serial_disturbed;
        if (!points_of(r, b, &o->columns[c], workers, points, &disturbed))
            continue;
        fputs(before, out);
        write_found(metg_of(points, GRAINS, tasks, workers, iteration), &o->columns[c], disturbed,
                    out);
        before = ", ";
    }
    fputc('\n', out);
}

void bench_write_metg(const report *r, FILE *out, const char *line_start)
{
    for (size_t i = 0; i + GRAINS <= r->block_count; i += GRAINS)
        write_kernel(r, &r->blocks[i], line_start, out);
}
