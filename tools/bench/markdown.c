/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The headline as a list and one table for all kernels: as Markdown, and as HTML for the page. */
#include "bench.h"
#include "row.h"

#include <errno.h>
#include <tools/shared/machine.h>

void bench_write_headline(const void *what, FILE *out)
{
    bench_write_verdict(what, BENCH_NAMES, out);
}

static void write_rows(const report *r, sheet_format format, FILE *out)
{
    sheet s;
    table_row row;
    sheet_begin(&s, format, row_columns, out);
    sheet_lines(format, bench_write_headline, r, out);
    fputc('\n', out);
    sheet_head(&s);
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            row_of(r, &r->blocks[i], &r->blocks[i].cells[k], &row);
            sheet_row(&s, row.cells, row.count);
        }
    sheet_foot(&s);
}

void bench_write_html(const void *what, FILE *out)
{
    write_rows(what, SHEET_HTML, out);
}

int bench_write_markdown(const report *r, FILE *out)
{
    machine m;
    machine_read(&m);
    write_rows(r, SHEET_MARKDOWN, out);
    fputc('\n', out);
    sheet_markdown(m.cpu, out);
    fprintf(out, ", %ld of %ld CPUs, ", m.usable_cpus, m.cpus);
    sheet_markdown(m.kernel, out);
    fputs(".\n", out);
    return ferror(out) ? -errno : 0;
}
