/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "compare.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <tools/shared/pair.h>
#include <tools/shared/units.h>

enum { WIDTH = 32 };

/* A time; where rows are relative, how many times that of serial code. */
static const char *figure_text(const compare_report *r, double value, char *text)
{
    if (!r->options->figures.relative)
        return time_text(value, text, WIDTH);
    snprintf(text, WIDTH, "%.3g", value);
    return text;
}

static void write_name(const result_row *row, FILE *out)
{
    char workers[WIDTH];
    snprintf(workers, sizeof workers, row->serial ? "-" : "%u", row->workers);
    fputs("  ", out);
    write_plain(row->column, out);
    fprintf(out, "%*s%3s", (int)(strlen(row->column) < 24 ? 25 - strlen(row->column) : 1), "",
            workers);
}

static char mark(const result_row *row)
{
    return row->disturbed ? '*' : ' ';
}

static void write_change(const compare_report *r, const compare_change *c, FILE *out)
{
    char old[WIDTH], now[WIDTH], change[WIDTH], low[WIDTH], high[WIDTH], p[WIDTH];
    write_name(c->after ? c->after : c->before, out);
    if (!(c->p > 0)) {
        fprintf(out, "  %s\n", compare_verdict_names[c->verdict]);
        return;
    }
    percent_text(c->quotient.low, low, WIDTH);
    percent_text(c->quotient.high, high, WIDTH);
    fprintf(out, " %9s%c %9s%c %9s %10s .. %-9s %8s%s%s\n", figure_text(r, c->old.median, old),
            mark(c->before), figure_text(r, c->now.median, now), mark(c->after),
            percent_text(c->quotient.median, change, WIDTH), low, high, p_text(c->p, p, WIDTH),
            c->verdict == COMPARE_SAME ? "" : "  ",
            c->verdict == COMPARE_SAME ? "" : compare_verdict_names[c->verdict]);
}

static void write_file(const char *title, const result *file, FILE *out)
{
    fprintf(out, "%s: ", title);
    const char *texts[] = {file->path,  ", filch ", file->version,  ", commit ", file->commit, ", ",
                           file->ended, ", ",       file->compiler, " ",         file->flags};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        write_plain(texts[i], out);
    fputc('\n', out);
}

static bool in_other_block(const result_row *row, const result_row *last)
{
    return !last || strcmp(row->label, last->label) != 0 || strcmp(row->size, last->size) != 0;
}

static void write_label(const result_row *row, const result_row *last, FILE *out)
{
    if (!in_other_block(row, last))
        return;
    fputc('\n', out);
    write_plain(row->label, out);
    fputc('\n', out);
}

static bool write_changes(const compare_report *r, FILE *out)
{
    const result_row *last = NULL;
    bool disturbed = false;
    fprintf(out, "\n%30s %9s  %9s  %9s %24s %8s\n", "W", "old", "new", "change",
            "95 % interval     ", "p");
    for (size_t i = 0; i < r->change_count; i++) {
        const compare_change *c = &r->changes[i];
        const result_row *row = c->after ? c->after : c->before;
        write_label(row, last, out);
        write_change(r, c, out);
        disturbed |= (c->before && c->before->disturbed) || (c->after && c->after->disturbed);
        last = row;
    }
    return disturbed;
}

static void write_two(const compare_report *r, FILE *out)
{
    write_finding(r, out);
    fputc('\n', out);
    write_file("old", &r->results[0], out);
    write_file("new", &r->results[1], out);
    write_notes(r, out);
    bool disturbed = write_changes(r, out);
    const compare_options *o = r->options;
    char together[48] = "";
    if (r->compared > 1)
        snprintf(together, sizeof together, ", for %zu rows at once", r->compared);
    fprintf(
        out,
        "\n%s%s: medians. The interval is the change's, by the percentile bootstrap%s;\np, of the "
        "rank-sum test, for each alone. A row counts if its interval excludes 0 and the change "
        "exceeds %g %%.\n",
        o->figures.by, o->figures.relative ? " over those of serial code" : "", together,
        100 * o->threshold);
    if (disturbed)
        fputs("*: disturbed; measure again on a quiet machine.\n", out);
}

/* "chase-lev (2)" */
static const char *pair_name(const result_row *row, char *text, size_t size)
{
    char column[PLAIN_MOST];
    plain_text(row->column, column, sizeof column);
    snprintf(text, size, row->serial ? "%s" : "%s (%u)", column, row->workers);
    return text;
}

static void write_pair(const compare_report *r, const compare_pair *pair, FILE *out)
{
    char first[PLAIN_MOST + WIDTH], other[PLAIN_MOST + WIDTH];
    fputs("  ", out);
    pair_write(pair_name(pair->first, first, sizeof first),
               pair_name(pair->other, other, sizeof other), &pair->figures, r->cutoff, out);
    fputs(pair->first->disturbed || pair->other->disturbed ? " *\n" : "\n", out);
}

static void write_one(const compare_report *r, FILE *out)
{
    const result_row *last = NULL;
    write_file("columns of", &r->results[0], out);
    for (size_t i = 0; i < r->pair_count; i++) {
        write_label(r->pairs[i].first, last, out);
        write_pair(r, &r->pairs[i], out);
        last = r->pairs[i].first;
    }
    if (!r->pair_count)
        fputs("nothing to compare: no two columns with the same number of workers\n", out);
    fprintf(out,
            "\n%s; workers in brackets. Medians of ratios, round by round; p by the signed-rank "
            "test.\nA verdict takes %d rounds or more, and a p of at most %.2g. *: disturbed; "
            "measure again on a quiet machine.\n",
            r->options->figures.by, PAIR_ROUNDS, r->cutoff);
}

int compare_write_table(const compare_report *r, FILE *out)
{
    if (r->options->path_count == 2)
        write_two(r, out);
    else
        write_one(r, out);
    return ferror(out) ? -errno : 0;
}
