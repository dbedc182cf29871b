/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>

static void write_command(const search *s, FILE *out)
{
    for (char **word = s->options->program; *word; word++) {
        putc(' ', out);
        run_write_word(*word, out);
    }
    putc('\n', out);
}

static void write_chances(const search *s, FILE *out)
{
    fprintf(out, "chance, at least, to find a bug of depth\n");
    for (unsigned depth = 1; depth <= s->options->depth; depth++)
        fprintf(out, "  %-2u by one run 1/%.0f, by %lu runs %.3g %%\n", depth,
                1 / search_chance(s, depth), s->tried, 100 * search_chance_of_all(s, depth));
}

static void write_nothing(const search *s, FILE *out)
{
    fprintf(out,
            "%s: nothing found by %lu seeds in %.1f s (%u workers, %u threads, %" PRIu64
            " decision points)\n",
            s->options->program[0], s->tried, s->seconds, s->options->workers, s->threads,
            s->points);
    write_chances(s, out);
}

static void write_failure(const search *s, const places *p, FILE *out)
{
    char end[128];
    const run *r = &s->failure;
    fprintf(out, "%s: %s, found by ", s->options->program[0], run_end_text(r, end, sizeof end));
    if (r->order.depth)
        fprintf(out, "seed %" PRIu64 " of %lu", r->order.seed, s->options->seeds);
    else
        fputs("the first run", out);
    fprintf(out, " in %.1f s\n", s->seconds);
    fprintf(out, "%u workers, %u threads, %" PRIu64 " decision points\n", s->options->workers,
            s->threads, r->schedule.header.points);
    fputs("\noutput:\n", out);
    const run *shown = s->repeats ? &s->shortest : r;
    places_write(p, shown->text, shown->length, "  | ", out);
}

static void write_schedule(const search *s, const places *p, FILE *out)
{
    const size_t before = schedule_choices(&s->failure.schedule);
    if (!s->repeats) {
        fprintf(out,
                "\nThe schedule does not repeat the failure: the program depends on more than its "
                "schedule (time, addresses, random numbers, input)\n");
        return;
    }
    const size_t after = s->choices.header.switches;
    fprintf(out, "\nschedule: %zu switch%s, of %zu; %u replays in %.1f s\n", after,
            after == 1 ? "" : "es", before, s->replays, s->minimized_for);
    if (!after)
        fputs("  the program fails without any\n", out);
    story_write(p, &s->shortest.schedule, s->options->openmp, out);
}

static void write_again(const search *s, FILE *out)
{
    const run_order *order = &s->failure.order;
    fprintf(out, "\nagain:\n  filch explore%s", s->options->openmp ? " --openmp" : "");
    if (s->options->keep && s->repeats) {
        fputs(" --replay ", out);
        run_write_word(s->options->keep, out);
    } else {
        fprintf(out, " --first %" PRIu64 " --seeds 1 --workers %u --depth %u", order->seed,
                s->options->workers, s->options->depth);
        if (s->failure.end == RUN_TIMED_OUT)
            fprintf(out, " --timeout %.9g", order->timeout);
    }
    write_command(s, out);
}

int explore_text(const search *s, FILE *out)
{
    places p;
    places_open(&p, s->options->path);
    if (s->found) {
        write_failure(s, &p, out);
        write_schedule(s, &p, out);
        write_again(s, out);
    } else {
        write_nothing(s, out);
    }
    places_close(&p);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
