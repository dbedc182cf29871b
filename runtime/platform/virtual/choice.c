/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/choice.h>

#include <runtime/platform/error.h>
#include <runtime/platform/virtual/schedule.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>

enum { INITIAL = 1 << 20 /* initial priorities are above */ };

static struct {
    uint64_t rng;
    fl_virtual_thread *(*choose)(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                 enum fl_schedule_why why, uint64_t points);
    uint64_t *changes;    /* of PCT: the decision points at which a priority falls */
    unsigned count;       /* of these */
    fl_schedule schedule; /* to follow */
} choice;

static bool can_stay(const fl_virtual_thread *here, enum fl_schedule_why why)
{
    return why == FL_SCHEDULE_PREEMPTED && here->state == FL_VIRTUAL_READY;
}

/* ---- As a schedule says ---- */

fl_virtual_thread *fl_choice_usual(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                   enum fl_schedule_why why)
{
    fl_virtual_thread *first = NULL;
    if (can_stay(here, why))
        return here;
    for (unsigned i = 0; i < threads->count; i++) {
        fl_virtual_thread *one = threads->all[i];
        if (one->state != FL_VIRTUAL_READY)
            continue;
        if (one->number > here->number)
            return one;
        if (!first)
            first = one;
    }
    return first;
}

/* NULL: the schedule does not name one that can run. */
static fl_virtual_thread *named(const fl_virtual_threads *threads, uint32_t number)
{
    for (unsigned i = 0; i < threads->count; i++)
        if (threads->all[i]->number == number)
            return threads->all[i]->state == FL_VIRTUAL_READY ? threads->all[i] : NULL;
    return NULL;
}

static fl_virtual_thread *replay(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                 enum fl_schedule_why why, uint64_t points)
{
    (void)points;
    const fl_schedule *schedule = &choice.schedule;
    uint64_t at = here->next_entry;
    while (at < schedule->count && (schedule->entries[at].from != here->number ||
                                    schedule->entries[at].point < here->point))
        at++;
    here->next_entry = at;
    fl_virtual_thread *to = NULL;
    if (at < schedule->count && schedule->entries[at].point == here->point)
        to = named(threads, schedule->entries[at].to);
    return to ? to : fl_choice_usual(threads, here, why);
}

/* ---- Random walk ---- */

static fl_virtual_thread *walk(const fl_virtual_threads *threads, fl_virtual_thread *here,
                               enum fl_schedule_why why, uint64_t points)
{
    (void)points;
    fl_virtual_thread *ready[FL_VIRTUAL_THREADS];
    unsigned count = 0;
    for (unsigned i = 0; i < threads->count; i++)
        if (threads->all[i]->state == FL_VIRTUAL_READY &&
            (threads->all[i] != here || can_stay(here, why)))
            ready[count++] = threads->all[i];
    return count ? ready[fl_rng_below(&choice.rng, count)] : here; /* it spins, alone */
}

/* ---- PCT ---- */

static int draw_changes(unsigned count, uint64_t steps)
{
    choice.count = count;
    choice.changes = calloc(count ? count : 1, sizeof *choice.changes);
    if (!choice.changes)
        return fl_fail(ENOMEM, "no memory for FILCH_EXPLORE=depth=%u; give a smaller depth",
                       count + 1);
    for (unsigned i = 0; i < count; i++)
        choice.changes[i] = fl_rng_next(&choice.rng) % steps + 1;
    return 0;
}

/* NULL: all that can run spin. */
static fl_virtual_thread *highest(const fl_virtual_threads *threads)
{
    fl_virtual_thread *best = NULL;
    for (unsigned i = 0; i < threads->count; i++) {
        fl_virtual_thread *one = threads->all[i];
        if (one->state == FL_VIRTUAL_READY && !one->spins &&
            (!best || one->priority > best->priority))
            best = one;
    }
    return best;
}

static void end_spins(const fl_virtual_threads *threads)
{
    for (unsigned i = 0; i < threads->count; i++)
        threads->all[i]->spins = false;
}

static fl_virtual_thread *by_priority(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                      enum fl_schedule_why why, uint64_t points)
{
    for (unsigned i = 0; i < choice.count; i++)
        if (choice.changes[i] == points)
            here->priority = (int64_t)i + 1;
    if (why != FL_SCHEDULE_SPINS && !here->idles)
        end_spins(threads);
    here->spins = why == FL_SCHEDULE_SPINS;
    fl_virtual_thread *next = highest(threads);
    if (next)
        return next;
    end_spins(threads);
    here->spins = threads->count > 1; /* another one first, so that all take turns */
    next = highest(threads);
    return next ? next : here;
}

/* ---- All ---- */

void fl_choice_joins(fl_virtual_thread *thread)
{
    thread->priority = INITIAL + (int64_t)(fl_rng_next(&choice.rng) >> 8);
}

int fl_choice_begin(const fl_virtual_options *options)
{
    choice.rng = fl_rng_seed(options->seed, 0);
    if (options->replay) {
        choice.choose = replay;
        return fl_schedule_read(&choice.schedule, options->replay);
    }
    if (!options->depth) {
        choice.choose = walk;
        return 0;
    }
    choice.choose = by_priority;
    return draw_changes(options->depth - 1, options->steps);
}

fl_virtual_thread *fl_choice_next(const fl_virtual_threads *threads, fl_virtual_thread *here,
                                  enum fl_schedule_why why, uint64_t points)
{
    return choice.choose(threads, here, why, points);
}
