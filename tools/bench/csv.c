/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"

#include <errno.h>
#include <tools/shared/sheet.h>

enum { OWN = 6 }; /* columns before those of a sample */

static void write_sample(const sheet *s, const block *b, const cell *c, int i)
{
    sheet_cell cells[SHEET_MOST] = {CELL(block_kernel(b)->name),
                                    CELL(b->label),
                                    CELL(c->column->label),
                                    CELL(c->workers),
                                    CELL(i),
                                    CELL(c->peak_mib)};
    for (size_t f = 0; f < sample_field_count; f++)
        cells[OWN + f].number = sample_number(&c->samples[i], sample_fields[f].at);
    sheet_row(s, cells, s->count);
}

int bench_write_csv(const report *r, FILE *out)
{
    sheet s;
    sheet_begin(&s, SHEET_CSV, "kernel:0s,block:0s,column:0s,workers:0n,sample:0n,peak_mib:0f1",
                out);
    for (size_t f = 0; f < sample_field_count; f++)
        sheet_add(&s, sample_fields[f].name, 0, 'f', 0);
    sheet_head(&s);
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++)
            for (int n = 0; n < r->blocks[i].cells[k].sample_count; n++)
                write_sample(&s, &r->blocks[i], &r->blocks[i].cells[k], n);
    return ferror(out) ? -errno : 0;
}
