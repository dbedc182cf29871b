/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which kernel is measured at which size in which columns. Without --size, work stealing is shown
 * at full size. A central queue needs too long for some of those: such kernels get a second,
 * smaller block with all columns, since columns are compared only within a block.
 * Kernels whose data would fill the memory, or whose full size would take too long for a verdict, are
 * shown small.
 * --metg asks for one block for each grain instead. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A queue through which each fork goes passes five to thirty million tasks a second, peers one to ten;
 * more than this in a run would take too long. */
enum { FEW_TASKS = 2000000 };

static bool bears_few_tasks(const column *c)
{
    static const char *const queues[] = {"central", "sharing"};
    bool few = c->as == KERNEL_HANDPOOL || c->as == KERNEL_PEER;
    for (size_t i = 0; c->queue && i < sizeof queues / sizeof queues[0]; i++)
        few |= strncmp(c->queue, queues[i], strlen(queues[i])) == 0;
    return few;
}

/* However long one would wait. */
static bool beyond(const column *c, const kernel_size *size)
{
    return c->peer && c->peer->most_tasks && size->tasks > c->peer->most_tasks;
}

static bool too_long(const column *c, const kernel_size *size)
{
    return bears_few_tasks(c) && size->tasks > FEW_TASKS;
}

/* Unasked, peers stand beside parallel algorithms only. */
static bool has_kernel(const options *o, const column *c, const kernel_row *row)
{
    kernel k;
    bool beside = c->as == KERNEL_PEER || c->as == KERNEL_FILCH_CLANG;
    if (o->own_columns && beside && row->column[KERNEL_HANDPOOL])
        return false;
    return kernel_in(row, c->as, c->peer, &k);
}

static void name_block(block *b, const options *o)
{
    const kernel *k = block_kernel(b);
    const char *label = k->reads_dir ? o->dir : k->sizes[b->size].label;
    if (b->grain)
        snprintf(b->label, sizeof b->label, "%s(%s, grain %ld)", k->name, label, b->grain);
    else
        snprintf(b->label, sizeof b->label, "%s(%s)", k->name, label);
}

/* Says so where nothing that was asked for can be run. */
static void tell_beyond(const options *o, const block *b)
{
    const kernel_size *size = &block_kernel(b)->sizes[b->size];
    const column *last = NULL;
    for (size_t c = 1; c < o->column_count; c++) {
        if (!has_kernel(o, &o->columns[c], b->row))
            continue;
        last = &o->columns[c];
        if (!beyond(last, size))
            return;
    }
    if (last)
        fprintf(stderr,
                "filch bench: %s: only serial code is run, since %s would take too long with %llu "
                "tasks (at most %llu); choose a smaller --size\n",
                b->label, last->label, (unsigned long long)size->tasks,
                (unsigned long long)last->peer->most_tasks);
}

static int add_block(report *r, const kernel_row *row, int size, long grain, bool all)
{
    const options *o = r->options;
    const kernel *k = row->column[KERNEL_SERIAL];
    block *b = &r->blocks[r->block_count];
    *b = (block){.row = row, .size = size, .grain = grain};
    b->cells = calloc(o->column_count * o->worker_count, sizeof *b->cells);
    if (!b->cells)
        return -ENOMEM;
    r->block_count++;
    name_block(b, o);
    tell_beyond(o, b);
    for (size_t c = 0; c < o->column_count; c++)
        for (size_t w = 0; w < o->worker_count; w++) {
            bool serial = o->columns[c].as == KERNEL_SERIAL;
            if ((serial && w > 0) || !has_kernel(o, &o->columns[c], row) ||
                beyond(&o->columns[c], &k->sizes[size]) ||
                (!all && too_long(&o->columns[c], &k->sizes[size])))
                continue;
            b->cells[b->cell_count++] =
                (cell){.column = &o->columns[c], .workers = serial ? 1 : o->workers[w]};
        }
    return 0;
}

static int plan_row(report *out, const kernel_row *row)
{
    const options *o = out->options;
    const kernel *k = row->column[KERNEL_SERIAL];
    bool second = false;
    int size = o->size >= 0 ? o->size : k->quick_unless_asked ? KERNEL_QUICK : KERNEL_FULL;
    for (size_t c = 0; c < o->column_count; c++)
        second |= has_kernel(o, &o->columns[c], row) && too_long(&o->columns[c], &k->sizes[size]);
    second &= o->size < 0;
    int rc = add_block(out, row, size, 0, o->size >= 0);
    return !rc && second ? add_block(out, row, KERNEL_QUICK, 0, true) : rc;
}

static int plan_grains(report *out, const kernel_row *row)
{
    int size = out->options->size >= 0 ? out->options->size : KERNEL_QUICK, rc = 0;
    for (size_t g = 0; !rc && g < bench_grain_count; g++)
        rc = add_block(out, row, size, bench_grains[g], true);
    return rc;
}

int bench_plan(report *out, const options *o)
{
    int rc = 0;
    out->options = o;
    for (size_t i = 0; !rc && i < o->row_count; i++)
        rc = o->metg ? plan_grains(out, o->rows[i]) : plan_row(out, o->rows[i]);
    return rc;
}

void bench_free(report *r)
{
    for (size_t i = 0; i < r->block_count; i++)
        free(r->blocks[i].cells);
}

const cell *bench_cell(const block *b, const column *c, unsigned workers)
{
    for (size_t i = 0; i < b->cell_count; i++) {
        const cell *found = &b->cells[i];
        if (found->column == c && found->workers == workers)
            return found->sample_count > 0 && !*found->error ? found : NULL;
    }
    return NULL;
}
