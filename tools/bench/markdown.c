/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Markdown: the headline as a list, one table for all kernels. */
#include "bench.h"
#include "row.h"

#include <errno.h>
#include <tools/shared/machine.h>
#include <tools/shared/markdown.h>

static void write_verdict(const void *what, FILE *out)
{
    bench_write_verdict(what, BENCH_NAMES, out);
}

static void write_row(const block *b, const table_row *row, FILE *out)
{
    fputs("| ", out);
    markdown_text(b->label, out);
    fputs(" | ", out);
    markdown_text(row->name, out);
    fprintf(out, " | %s |", row->workers);
    for (size_t i = 0; i < ROW_FIGURES && !row->error; i++)
        fprintf(out, " %s%s |", row->figures[i], i == 0 && row->noise ? "\\*" : "");
    if (row->error) {
        fputs(" failed: ", out);
        markdown_text(row->error, out);
        for (size_t i = 0; i < ROW_FIGURES; i++)
            fputs(" |", out);
    }
    fputc('\n', out);
}

int bench_write_markdown(const report *r, FILE *out)
{
    machine m;
    table_row row;
    machine_read(&m);
    markdown_list(write_verdict, r, out);
    fputs("\n| kernel | column | workers |", out);
    for (size_t i = 0; i < ROW_FIGURES; i++)
        fprintf(out, " %s |", row_heads[i].name);
    fputs("\n|---|---|---:|", out);
    for (size_t i = 0; i < ROW_FIGURES; i++)
        fputs("---:|", out);
    fputc('\n', out);
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            row_of(r, &r->blocks[i], &r->blocks[i].cells[k], &row);
            write_row(&r->blocks[i], &row, out);
        }
    fputc('\n', out);
    markdown_text(m.cpu, out);
    fprintf(out, ", %ld of %ld CPUs, ", m.usable_cpus, m.cpus);
    markdown_text(m.kernel, out);
    fputs(".\n", out);
    return ferror(out) ? -errno : 0;
}
