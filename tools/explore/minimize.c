/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shortest schedule: switches are left out while the run still fails in the same way. Parts are
 * left out first, then single ones (A. Zeller, R. Hildebrandt, Simplifying and Isolating
 * Failure-Inducing Input, 2002). That ends at a schedule of which no switch can be left out, though a
 * quite different one may have fewer. So each schedule with a single switch is tried, too: most bugs
 * need one or two (M. Musuvathi, S. Qadeer, Iterative Context Bounding, 2007). */
#include "search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/clock.h>

static const double most_seconds = 30;
enum { REPLAYS_MOST = 3000 };

typedef struct shrinking {
    search *to;
    double began;
    int rc;
} shrinking;

static run_order order_of(const search *s, const schedule *choices)
{
    run_order order = s->failure.order;
    order.replay = choices;
    return order;
}

/* Does the replay of these switches fail in the same way? If so, it is the shortest now. */
static bool still_fails(shrinking *of, const schedule *choices)
{
    search *s = of->to;
    run r;
    const run_order order = order_of(s, choices);
    s->replays++;
    of->rc = run_whole(&r, s->options, &order);
    if (of->rc)
        return false;
    if (!run_same_failure(&r, &s->failure)) {
        run_free(&r);
        return false;
    }
    run_free(&s->shortest);
    s->shortest = r;
    s->shortest.order.replay = NULL; /* which goes */
    return true;
}

static bool may_go_on(const shrinking *of)
{
    return !of->rc && seconds_of(CLOCK_MONOTONIC) - of->began < most_seconds;
}

/* Leaves out the entries from `begin` on, `size` of them, if the run fails without them, too. */
static bool leave_out(shrinking *of, size_t begin, size_t size)
{
    schedule *now = &of->to->choices, less;
    if (!schedule_copy_choices(&less, now)) {
        of->rc = -ENOMEM;
        return false;
    }
    memmove(less.entry + begin, less.entry + begin + size,
            (now->header.switches - begin - size) * sizeof *less.entry);
    less.header.switches -= size;
    const bool fails = still_fails(of, &less);
    if (fails) {
        schedule_free(now);
        *now = less;
    } else {
        schedule_free(&less);
    }
    return fails;
}

/* One pass over all parts of that size. Was any left out? */
static bool pass(shrinking *of, size_t size)
{
    const schedule *now = &of->to->choices;
    bool any = false;
    size_t begin = 0;
    while (begin < now->header.switches && may_go_on(of)) {
        const size_t left = now->header.switches - begin;
        if (leave_out(of, begin, size < left ? size : left))
            any = true;
        else
            begin += size;
    }
    return any;
}

/* The highest decision point at which a thread stopped. */
static uint64_t last_point(const schedule *s, uint32_t thread)
{
    uint64_t last = 0;
    for (size_t i = 0; i < s->header.switches; i++)
        if (s->entry[i].from == thread && s->entry[i].point > last)
            last = s->entry[i].point;
    return last;
}

/* Does it fail with this switch alone? */
static bool try_single(shrinking *of, fl_schedule_entry only)
{
    search *s = of->to;
    schedule single = {.header = s->choices.header, .entry = &only};
    single.header.switches = 1;
    if (!still_fails(of, &single))
        return false;
    s->choices.entry[0] = only;
    s->choices.header.switches = 1;
    return true;
}

/* All switches of one thread: at each of its points, to each other one. True: that is enough. */
static bool try_thread(shrinking *of, uint32_t from, uint64_t points)
{
    const uint32_t threads = of->to->options->workers + 1; /* service threads decide nothing */
    for (uint64_t point = 1; point <= points; point++)
        for (uint32_t to = 0; to < threads; to++)
            if (to != from &&
                (!may_go_on(of) || of->to->replays > REPLAYS_MOST ||
                 try_single(of, (fl_schedule_entry){.from = from, .to = to, .point = point})))
                return true;
    return false;
}

/* As many points as the threads have without any switch, which is where a single one would be. */
static void try_singles(shrinking *of)
{
    run plain;
    search *s = of->to;
    const schedule none = {.header = {.magic = FL_SCHEDULE_MAGIC,
                                      .version = FL_SCHEDULE_VERSION,
                                      .workers = s->options->workers}};
    const run_order order = order_of(s, &none);
    of->rc = run_whole(&plain, s->options, &order);
    if (of->rc)
        return;
    for (uint32_t from = s->options->workers + 1; from-- > 0;)
        if (try_thread(of, from, last_point(&plain.schedule, from)))
            break;
    run_free(&plain);
}

int search_minimize(search *s)
{
    shrinking of = {.to = s, .began = seconds_of(CLOCK_MONOTONIC)};
    if (!schedule_copy_choices(&s->choices, &s->failure.schedule))
        of.rc = -ENOMEM;
    else
        s->repeats = still_fails(&of, &s->choices);
    size_t size = s->repeats ? s->choices.header.switches : 0;
    while (size && may_go_on(&of))
        if (!pass(&of, size) || size > 1)
            size /= 2;
    if (s->repeats && s->choices.header.switches > 1)
        try_singles(&of);
    s->minimized_for = seconds_of(CLOCK_MONOTONIC) - of.began;
    if (of.rc == -ENOMEM)
        fputs("filch explore: no memory for the schedule\n", stderr);
    return of.rc;
}
