/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How many iterations of a loop to run before looking up, and whether the rest may be shared yet.
 * For parallel loops without a grain size (lazy splitting: Tzannes, Caragea, Barua, Vishkin: Lazy
 * binary-splitting, PPoPP 2010; here chunks are found by the clock, too).
 *
 * A loop begins with one iteration, and takes as many for the next chunk as would last PACE_CHUNK
 * at the speed just seen. A hint changes only when and how far it is split: an owner that runs many
 * long iterations at a time keeps thieves waiting. Until PACE_COLD has gone by, a loop without a
 * hint stays with its caller. One that is over by then is not worth a steal, and costs no wake-up.
 * A loop whose speed is known from earlier calls (runtime/par/site.h) begins as one that was split
 * off, and has a grain: no piece or chunk is shorter, until the speed turns out to be another.
 * Later chunks take at most a quarter of what is left, so that the end of a range whose last
 * iterations are the longest is still shared.
 *
 * Looking up costs about 30 ns, and bodies of half a microsecond feel that. So a chunk that lasted
 * about as long as it should sets the next one without a division. While the speed is steady and
 * nobody takes the half that this loop has forked (fl_pace_shared), chunks become longer, up to
 * four times PACE_CHUNK. That is as long as a thief waits for an answer before it robs that half
 * (runtime/engine/steal.c). A longer chunk is at most 1/64 of what is left, so near the end of a
 * range owners answer as soon as before.
 *
 * A pace belongs to one piece of a loop, used by it alone. Times are ticks
 * (runtime/platform/clock.h); they need not be exact. */
#ifndef FL_PACE_H
#define FL_PACE_H

#include <filch/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FILCH_TINY
#define FL_PACE_CHUNK 200 /* nanoseconds */
#define FL_PACE_COLD 0
#else
#define FL_PACE_CHUNK 5000
#define FL_PACE_COLD 10000
#endif
#define FL_PACE_GROWTH 512 /* from one chunk to the next, at most */
#define FL_PACE_CALM 2     /* a long chunk lasts as long as four */
#define FL_PACE_SHARE 6    /* and is at most 1/64 of what is left */

typedef struct fl_pace {
    uint64_t started;  /* of the loop, while it is cold */
    uint64_t since;    /* of the chunk that runs */
    size_t chunk;      /* iterations that last FL_PACE_CHUNK, about */
    size_t least;      /* iterations of a piece */
    size_t grain;      /* the same, and of a chunk, where that is known (site.h); else 1 */
    size_t bit;        /* iterations between two looks for a thief that is about to come; 0: none */
    uint64_t slow;     /* as many chunks' time an iteration takes; 0: less than one's */
    uint64_t worked;   /* time of the chunks so far */
    unsigned patience; /* nanoseconds until it is no longer cold */
    bool cold;
    bool meets;       /* waits for a thief that searches (split.h) */
    bool shared;      /* it has forked */
    bool met;         /* a thief has just taken a fork */
    bool helped;      /* a thief has run one */
    bool alone;       /* it will not be split: there was no memory for another sum */
    unsigned calm;    /* how often a chunk may be doubled, */
    unsigned doubled; /* and how often the one that runs was */
} fl_pace;

static inline fl_pace fl_pace_start(size_t hint, uint64_t now)
{
    const size_t least = hint ? hint : 1;
    return (fl_pace){.started = now,
                     .since = now,
                     .chunk = 1,
                     .least = least,
                     .grain = 1,
                     .patience = FL_PACE_COLD,
                     .cold = !hint};
}

/* A piece that was split off goes on at the speed of its whole. */
static inline fl_pace fl_pace_resume(size_t chunk, size_t hint, uint64_t now)
{
    const size_t least = hint ? hint : 1;
    return (fl_pace){.started = now, .since = now, .chunk = chunk, .least = least, .grain = 1};
}

/* May `left` iterations be split, as far as this loop is concerned? */
static inline bool fl_pace_may_split(const fl_pace *pace, size_t left)
{
    return !pace->cold && !pace->alone && left / 2 >= pace->least && left / 2 >= pace->grain;
}

/* How many times as long as a chunk, about, will `some` iterations take? */
static inline size_t fl_pace_lasts(const fl_pace *pace, size_t some)
{
    if (!pace->slow)
        return some / pace->chunk;
    return some > SIZE_MAX / pace->slow ? SIZE_MAX : some * pace->slow;
}

/* A half is being forked, since thieves have taken the one before: chunks are short again. */
static inline void fl_pace_shared(fl_pace *pace)
{
    pace->calm = 0;
    pace->shared = true;
}

/* How many of `left` to run now. */
static inline size_t fl_pace_next(fl_pace *pace, size_t left)
{
    unsigned doubled = pace->calm;
    while (doubled && pace->chunk > left >> (FL_PACE_SHARE + doubled))
        doubled--;
    pace->doubled = doubled;
    if (doubled)
        return pace->chunk << doubled;
    size_t most = pace->cold ? left : left / 4;
    if (most < pace->grain)
        most = pace->grain < left ? pace->grain : left;
    return pace->chunk < most ? pace->chunk : most;
}

/* The speed has changed: looks for the chunk that lasts as long as it should. */
static FILCH_COLD void fl_pace_adapt(fl_pace *pace, size_t some, uint64_t took, uint64_t target)
{
    uint64_t times = target / took;
    if (times > FL_PACE_GROWTH)
        times = FL_PACE_GROWTH;
    if (times)
        pace->chunk = some > SIZE_MAX / FL_PACE_GROWTH ? SIZE_MAX : some * (size_t)times;
    else
        pace->chunk = some / (size_t)(took / target);
    if (!pace->chunk)
        pace->chunk = 1;
    pace->slow = took / target / some;
    pace->calm = 0;
    pace->bit = 0; /* the known speed is out of date */
    if (pace->grain > pace->chunk)
        pace->grain = pace->chunk;
}

/* The owner does something else until it sets `since`, or has ended. */
static inline void fl_pace_rest(fl_pace *pace, uint64_t now)
{
    pace->worked += now > pace->since ? now - pace->since : 0;
    pace->since = now;
}

/* `some` iterations ended at `now`. */
static inline void fl_pace_ran(fl_pace *pace, size_t some, uint64_t now, uint64_t ticks_per_us)
{
    const uint64_t target = FL_PACE_CHUNK * ticks_per_us / 1000;
    uint64_t took = now > pace->since ? now - pace->since : 1;
    pace->since = now;
    pace->worked += took;
    pace->met = false;
    pace->cold = pace->cold && (now - pace->started) * 1000 < pace->patience * ticks_per_us;
    took >>= pace->doubled;
    some >>= pace->doubled;
    pace->doubled = 0;
    if (took <= target / 2 || took >= 2 * target) {
        fl_pace_adapt(pace, some, took ? took : 1, target);
        return;
    }
    pace->chunk = some;
    pace->slow = some == 1 && took >= target;
    if (!pace->cold && pace->calm < FL_PACE_CALM)
        pace->calm++;
}

#endif
