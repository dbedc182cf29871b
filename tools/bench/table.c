/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"
#include "noise.h"
#include "summary.h"

#include <errno.h>
#include <string.h>
#include <tools/shared/machine.h>
#include <tools/shared/settings.h>
#include <tools/shared/units.h>

static const char *ratio_text(double ratio, bool shown, char *text, size_t size)
{
    *text = '\0';
    if (shown)
        snprintf(text, size, "%.*f", ratio >= 99.95 ? 0 : 2, ratio);
    return text;
}

enum { WIDTH = 32 };

static void write_line(FILE *out, const char *name, const char *workers, char figures[8][WIDTH],
                       char mark)
{
    static const int widths[8] = {9, 19, 7, 8, 9, 8, 9, 8};
    fprintf(out, "  %-24s %3s", name, workers);
    for (int i = 0; i < 8; i++)
        fprintf(out, "%c%*s", i == 1 ? mark : ' ', widths[i], figures[i]);
    fputc('\n', out);
}

static void write_head(FILE *out)
{
    char heads[8][WIDTH] = {"time",    "95 % interval", "T1/Ts",    "speed-up",
                            "tasks/s", "steals",        "CPU time", "peak MiB"};
    write_line(out, "", "W", heads, ' ');
}

static unsigned write_cell(const report *r, const block *b, const cell *c, FILE *out)
{
    char figures[8][WIDTH], low[WIDTH], high[WIDTH], workers[WIDTH], label[2 * WIDTH];
    bool serial = c->column->as == KERNEL_SERIAL;
    const char *as = serial ? block_kernel(b)->serial_is : NULL;
    if (*c->error || c->sample_count == 0) {
        fprintf(out, "  %-24s %3u  failed: %s\n", c->column->label, c->workers, c->error);
        return 0;
    }
    unsigned noise = noise_of(r, c);
    summary s = summarize(b, c);
    time_text(s.seconds.median, figures[0], WIDTH);
    time_text(s.seconds.low, low, sizeof low);
    time_text(s.seconds.high, high, sizeof high);
    snprintf(figures[1], WIDTH, "%.12s..%.12s", low, high);
    ratio_text(s.over_serial, !serial && c->workers == 1 && s.over_serial > 0, figures[2], WIDTH);
    ratio_text(s.speed_up, c->workers > 1 && s.speed_up > 0, figures[3], WIDTH);
    count_text(s.tasks_per_second, figures[4], WIDTH);
    count_text(s.steals, figures[5], WIDTH);
    time_text(s.cpu_seconds, figures[6], WIDTH);
    snprintf(figures[7], WIDTH, "%.1f", c->peak_mib);
    if (!column_has_tasks(c->column))
        figures[4][0] = figures[5][0] = '\0';
    if (!c->samples[0].tasks)
        figures[4][0] = '\0';
    snprintf(workers, sizeof workers, serial ? "-" : "%u", c->workers);
    snprintf(label, sizeof label, as ? "%.30s: %.30s" : "%.30s", c->column->label, as);
    write_line(out, label, workers, figures, noise ? '*' : ' ');
    return noise;
}

static void write_block_title(const block *b, FILE *out)
{
    fprintf(out, "\n%s", b->label);
    if (block_kernel(b)->reads_dir)
        fprintf(out, ": %llu files, %.1f MiB, digest %s", (unsigned long long)b->files,
                (double)b->bytes / (1 << 20), b->text);
    else if (!b->unreadable)
        fprintf(out, " = %llu", (unsigned long long)b->answer);
    uint64_t tasks = block_kernel(b)->sizes[b->size].tasks;
    if (tasks)
        fprintf(out, ", %.0f tasks", (double)tasks);
    fputc('\n', out);
}

int bench_write_table(const report *r, FILE *out)
{
    machine m;
    unsigned noise = 0;
    machine_read(&m);
    bench_write_verdict(r, out, "");
    fprintf(out, "\n%s, %ld of %ld CPUs, %s\n", m.cpu, m.usable_cpus, m.cpus, m.kernel);
    if (settings_write(out))
        fputs("in the environment\n", out);
    if (r->ceiling_copies)
        fprintf(out, "ceiling: %u independent copies of serial code gain %.2f over one\n",
                r->ceiling_copies, r->ceiling);
    fputc('\n', out);
    write_head(out);
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        write_block_title(b, out);
        for (size_t k = 0; k < b->cell_count; k++)
            noise |= write_cell(r, b, &b->cells[k], out);
        bench_write_pairs(r, b, out);
        if (r->options->stats)
            bench_write_stats(b, out);
    }
    fputs(
        "\nW: workers. T1/Ts: time with 1 worker over serial time. speed-up: over 1 worker.\n"
        "steals, CPU time: of one run. The interval is the median's; of fewer than 6 samples, "
        "their range.\n"
        "A beats B: the median of the ratios, round by round; their interval excludes 1, and p, by "
        "the signed-rank\n"
        "test, is at most 0.05. A leads B: the same without p, which fewer than six rounds cannot "
        "show.\n",
        out);
    for (unsigned i = 0; i < NOISE_KINDS; i++)
        if (noise & 1u << i)
            fprintf(out, "*: %s meanwhile; measure again on a quiet one.\n", noise_kinds[i].what);
    fprintf(out, "All answers are checked. %.0f s.\n", r->seconds);
    return ferror(out) ? -errno : 0;
}
