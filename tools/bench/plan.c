/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which kernel is measured at which size in which columns. Without --size, work stealing is shown
 * at full size; a central queue needs too long for some of those, so such kernels get a second,
 * smaller block in which all columns stand side by side: only within a block are columns compared.
 * Kernels whose data would fill the memory, or whose many columns the minute, are shown small.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A queue through which each fork goes passes five to thirty million tasks a second; more than this in
 * a run would take too long. */
enum { QUEUE_BEARS = 2000000 };

static bool is_queue(const column *c)
{
    static const char *const names[] = {"central", "sharing"};
    bool is = c->as == KERNEL_HANDPOOL;
    for (size_t i = 0; c->queue && i < sizeof names / sizeof names[0]; i++)
        is |= strncmp(c->queue, names[i], strlen(names[i])) == 0;
    return is;
}

static bool too_long(const column *c, const kernel_size *size)
{
    return is_queue(c) && size->tasks > QUEUE_BEARS;
}

static bool has_kernel(const column *c, const kernel_row *row)
{
    kernel k;
    return kernel_in(row, c->as, c->peer, &k);
}

static int add_block(report *r, const kernel_row *row, int size, bool all)
{
    const options *o = r->options;
    const kernel *k = row->column[KERNEL_SERIAL];
    block *b = &r->blocks[r->block_count];
    *b = (block){.row = row, .size = size};
    b->cells = calloc(o->column_count * o->worker_count, sizeof *b->cells);
    if (!b->cells)
        return -ENOMEM;
    r->block_count++;
    snprintf(b->label, sizeof b->label, "%s(%s)", k->name,
             k->reads_dir ? o->dir : k->sizes[size].label);
    for (size_t c = 0; c < o->column_count; c++)
        for (size_t w = 0; w < o->worker_count; w++) {
            bool serial = o->columns[c].as == KERNEL_SERIAL;
            if ((serial && w > 0) || !has_kernel(&o->columns[c], row) ||
                (!all && too_long(&o->columns[c], &k->sizes[size])))
                continue;
            b->cells[b->cell_count++] =
                (cell){.column = &o->columns[c], .workers = serial ? 1 : o->workers[w]};
        }
    return 0;
}

int bench_plan(report *out, const options *o)
{
    out->options = o;
    for (size_t i = 0; i < o->row_count; i++) {
        const kernel_row *row = o->rows[i];
        const kernel *k = row->column[KERNEL_SERIAL];
        bool second = false;
        int size = o->size >= 0 ? o->size : k->quick_unless_asked ? KERNEL_QUICK : KERNEL_FULL;
        for (size_t c = 0; c < o->column_count; c++)
            second |= too_long(&o->columns[c], &k->sizes[size]);
        second &= o->size < 0;
        int rc = add_block(out, row, size, o->size >= 0);
        if (!rc && second)
            rc = add_block(out, row, KERNEL_QUICK, true);
        if (rc)
            return rc;
    }
    return 0;
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
