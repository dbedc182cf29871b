/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One line per sample, RFC 4180. */
#include "bench.h"

#include <errno.h>
#include <tools/shared/csv.h>

static void write_sample(const block *b, const cell *c, int i, FILE *out)
{
    const char *texts[] = {block_kernel(b)->name, b->label, c->column->label};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        csv_text(texts[t], out);
        fputc(',', out);
    }
    fprintf(out, "%u,%d,%.1f", c->workers, i, c->peak_mib);
    for (size_t f = 0; f < sample_field_count; f++)
        fprintf(out, ",%.9g", sample_number(&c->samples[i], sample_fields[f].at));
    fputs("\r\n", out);
}

int bench_write_csv(const report *r, FILE *out)
{
    fputs("kernel,block,column,workers,sample,peak_mib", out);
    for (size_t f = 0; f < sample_field_count; f++)
        fprintf(out, ",%s", sample_fields[f].name);
    fputs("\r\n", out);
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++)
            for (int s = 0; s < r->blocks[i].cells[k].sample_count; s++)
                write_sample(&r->blocks[i], &r->blocks[i].cells[k], s, out);
    return ferror(out) ? -errno : 0;
}
