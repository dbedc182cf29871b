/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#include <string.h>
#include <tools/shared/pair.h>

const char *percent_text(double quotient, char *text, size_t size)
{
    double percent = 100 * (quotient - 1);
    snprintf(text, size, "%+.*f %%", percent > 999 ? 0 : 1, percent);
    return text;
}

static void write_row_name(const result_row *row, FILE *out)
{
    write_plain(row->label, out);
    fputs(", ", out);
    write_plain(row->column, out);
    if (!row->serial)
        fprintf(out, " with %u worker%s", row->workers, row->workers == 1 ? "" : "s");
}

static void write_change(const compare_change *c, FILE *out)
{
    char change[32], low[32], high[32], p[32];
    fputs("  ", out);
    write_row_name(c->after ? c->after : c->before, out);
    if (c->verdict == COMPARE_FAILED) {
        fputs(": ", out);
        write_plain(c->after->error, out);
    } else {
        fprintf(out, ": %s (%s .. %s), p %s", percent_text(c->quotient.median, change, 32),
                percent_text(c->quotient.low, low, 32), percent_text(c->quotient.high, high, 32),
                p_text(c->p, p, 32));
    }
    fputc('\n', out);
}

/* Rows with values on both sides that a verdict rests on, and those that fail now. */
static size_t judged_rows(const compare_report *r)
{
    return r->compared - r->counts[COMPARE_FEW];
}

static void write_all_with(const compare_report *r, compare_verdict verdict, FILE *out)
{
    size_t of = judged_rows(r) + r->counts[COMPARE_FAILED];
    if (!r->counts[verdict])
        return;
    fprintf(out, "%s: %zu of %zu row%s\n", compare_verdict_names[verdict], r->counts[verdict], of,
            of == 1 ? "" : "s");
    for (size_t i = 0; i < r->change_count; i++)
        if (r->changes[i].verdict == verdict)
            write_change(&r->changes[i], out);
}

/* "left out of the verdict: 2 disturbed, 1 only in new". */
static void write_left_out(const compare_report *r, FILE *out)
{
    static const compare_verdict left[] = {COMPARE_DISTURBED, COMPARE_FEW,      COMPARE_OTHER,
                                           COMPARE_NONE,      COMPARE_ONLY_OLD, COMPARE_ONLY_NEW};
    const char *before = "left out of the verdict: ";
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        if (r->counts[left[i]]) {
            fprintf(out, "%s%zu %s", before, r->counts[left[i]], compare_verdict_names[left[i]]);
            before = ", ";
        }
    if (*before == ',')
        fputc('\n', out);
    if (r->counts[COMPARE_DISTURBED])
        fputs("disturbed: measure again on a quiet machine, or judge them with --disturbed\n", out);
    if (r->counts[COMPARE_FEW])
        fputs("too few samples: measure with --repeat 21, or fewer kernels\n", out);
}

void write_finding(const compare_report *r, FILE *out)
{
    double percent = 100 * r->options->threshold;
    size_t judged = judged_rows(r);
    write_all_with(r, COMPARE_FAILED, out);
    write_all_with(r, COMPARE_SLOWER, out);
    write_all_with(r, COMPARE_FASTER, out);
    if (judged && !r->counts[COMPARE_SLOWER] && !r->counts[COMPARE_FASTER])
        fprintf(out, "no change beyond %g %% in %zu row%s\n", percent, judged,
                judged == 1 ? "" : "s");
    if (!judged)
        fputs("nothing could be judged\n", out);
    write_left_out(r, out);
}

/* The serial code is the same in both, unless compiler or flags are not. */
static void note_serial(const compare_report *r, FILE *out)
{
    for (size_t i = 0; i < r->change_count; i++) {
        const compare_change *c = &r->changes[i];
        if (!c->after || !c->after->serial ||
            (c->verdict != COMPARE_SLOWER && c->verdict != COMPARE_FASTER))
            continue;
        fputs(
            "note: serial code changed, too, so it may be the machine or the compiler; --relative "
            "leaves that out\n",
            out);
        return;
    }
}

void write_notes(const compare_report *r, FILE *out)
{
    const result *old = &r->results[0], *new = &r->results[1];
    const struct {
        const char *what, *old, *new;
    } facts[] = {
        {"processors", old->cpu, new->cpu},
        {"kernels of the system", old->kernel, new->kernel},
        {"compilers", old->compiler, new->compiler},
        {"compiler flags", old->flags, new->flags},
        {"environments", old->environment, new->environment},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (strcmp(facts[i].old, facts[i].new) == 0)
            continue;
        fprintf(out, "note: the %s differ: ", facts[i].what);
        write_plain(facts[i].old, out);
        fputs("; ", out);
        write_plain(facts[i].new, out);
        fputc('\n', out);
    }
    if (old->usable_cpus < new->usable_cpus || old->usable_cpus > new->usable_cpus)
        fprintf(out, "note: the old run had %g CPUs, the new one %g\n", old->usable_cpus,
                new->usable_cpus);
    if (strcmp(old->ended, new->ended) > 0)
        fputs("note: the old run is the newer one; are the files in the right order?\n", out);
    note_serial(r, out);
}
