/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/times.h>

/* A turn is three stores; readers do not wait for a worker that was preempted among them. */
#ifdef FILCH_TINY
enum { LOOKS = 2 };
#else
enum { LOOKS = 100 };
#endif

static uint64_t begun(enum fl_doing doing, int64_t now)
{
    return (uint64_t)now * FL_DOINGS + doing;
}

/* Clocks of different processors may disagree by some nanoseconds. */
static uint64_t stretch(uint64_t since, int64_t now)
{
    int64_t length = now - (int64_t)(since / FL_DOINGS);
    return length > 0 ? (uint64_t)length : 0;
}

void fl_times_begin(fl_times *times, enum fl_doing doing, int64_t now)
{
    filch_u64_store(&times->since, begun(doing, now), FILCH_RELEASE); /* not yet shared */
}

void fl_times_turn(fl_times *times, enum fl_doing doing, int64_t now)
{
    uint64_t since = filch_u64_load(&times->since, FILCH_RELAXED); /* its writer's own */
    filch_u64 *spent = &times->spent[since % FL_DOINGS];
    uint64_t sum = filch_u64_load(spent, FILCH_RELAXED) + stretch(since, now); /* the same */
    filch_u64_store(&times->since, 0, FILCH_RELAXED);                          /* ClearSince */
    filch_u64_store(spent, sum, FILCH_RELEASE);                                /* ClearSince */
    filch_u64_store(&times->since, begun(doing, now), FILCH_RELEASE);          /* ShowSince */
}

enum fl_doing fl_times_doing(const fl_times *times)
{
    uint64_t since = filch_u64_load(&times->since, FILCH_RELAXED); /* one word says it */
    return since ? (enum fl_doing)(since % FL_DOINGS) : FL_DOINGS;
}

static bool look(const fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS])
{
    uint64_t since = filch_u64_load(&times->since, FILCH_ACQUIRE); /* ReadSince */
    for (unsigned i = 0; i < FL_DOINGS; i++)
        spent[i] = filch_u64_load(&times->spent[i], FILCH_ACQUIRE); /* ReadSpent */
    int64_t now = clock();
    uint64_t again =
        filch_u64_load(&times->since, FILCH_RELAXED); /* relaxed: the acquires before it order it */
    if (!since || again != since)
        return false;
    spent[since % FL_DOINGS] += stretch(since, now);
    return true;
}

bool fl_times_look(const fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS])
{
    for (unsigned i = 0; i < LOOKS; i++) {
        if (look(times, clock, spent))
            return true;
        filch_pause();
    }
    return false;
}

/* Raises the shown value to `value` if that is more, and returns the shown value. */
static uint64_t raise(filch_u64 *shown, uint64_t value)
{
    uint64_t was = filch_u64_load(shown, FILCH_RELAXED); /* both: a number of its own */
    while (was < value && !filch_u64_cas(shown, &was, value, FILCH_RELAXED))
        ;
    return was < value ? value : was;
}

void fl_times_read(fl_times *times, fl_times_clock *clock, uint64_t spent[FL_DOINGS])
{
    bool seen = fl_times_look(times, clock, spent);
    for (unsigned i = 0; i < FL_DOINGS; i++)
        spent[i] = raise(&times->shown[i], seen ? spent[i] : 0);
}
