/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The memory of loops: how long the last calls took, and whether other workers made them faster.
 * A program calls the same loop again and again, so the next call is most likely like the last
 * ones. Without that memory each call begins with some microseconds alone, to see whether it is
 * worth a fork (runtime/par/pace.h). In a loop of 50 us that is a fifth of the time.
 *
 * A site is a loop's body together with the power of two below its number of iterations. Its memory
 * says how long an iteration takes, on one worker. A call starts
 *   cold    as described in pace.h: the first call;
 *   warm    with a fork, if the loop takes FL_SITE_WARM or longer; with a known grain;
 *   ready   the same, if another worker searches at this moment; else alone;
 *   alone   cold for twice the usual time of this loop, so that it does not wake a worker for the
 *           rest of a call that is about to end.
 * A shared call gained if it took at most 7/8 of the time that one worker takes. After two calls
 * in a row that did not, warm starts pause for 2 calls, then for 4, up to 256. Between two pauses
 * are two attempts: the first may only wake a worker for the second. A call that gained ends them. In
 * a pause, calls start alone, and those that take
 * FL_SITE_LONG or longer start cold. So a loop whose calls are so far apart that the other workers
 * sleep, and come when it is nearly over, leaves them asleep.
 *
 * The memory decides only when and how finely a loop is forked. It never changes results: those
 * of FILCH_REDUCE may be grouped in any way, and algorithms whose grouping is fixed do not use it.
 *
 * Sites lie in a table of words, one each, found by a hash. A site with another tag is replaced.
 * All accesses are relaxed: a word is a value of its own and guards nothing. Of two calls that end
 * at the same time, one lesson is lost, and the next call teaches it again. Two loops that share a
 * place forget each other: each call then starts cold. Under FILCH_VIRTUAL nothing is learned,
 * since the place of a site depends on where the program was loaded, and a schedule must not.
 * Any thread. */
#ifndef FL_SITE_H
#define FL_SITE_H

#include <filch/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FILCH_TINY
#define FL_SITE_READY 200 /* nanoseconds on one worker: shorter loops start alone, */
#define FL_SITE_WARM 1000 /* those that are not shorter than this, warm; */
#define FL_SITE_LONG 2000 /* in a pause, shorter ones than this stay alone */
#else
#define FL_SITE_READY 4000
#define FL_SITE_WARM 20000
#define FL_SITE_LONG 200000
#endif
#define FL_SITE_PART 16  /* of a nanosecond: the unit of an iteration's time */
#define FL_SITE_MISSES 2 /* warm calls in a row that gain nothing, before each pause */
#define FL_SITE_PAUSES 8 /* the longest pause is 2 to the power of this, in calls */

/* The memory of a site; all zero: it is new. Fits one word. */
typedef struct fl_lesson {
    uint32_t each;       /* FL_SITE_PART of ns that an iteration takes on one worker; 0: unknown */
    uint16_t tag;        /* whose it is */
    uint16_t misses : 2; /* warm calls that gained nothing, since the last pause */
    uint16_t pauses : 4; /* since a call gained: the next one is twice as long */
    uint16_t pause : 10; /* calls before the next warm one */
} fl_lesson;

enum fl_start { FL_START_COLD, FL_START_WARM, FL_START_READY, FL_START_ALONE };

/* A call that has ended. Times are nanoseconds. */
typedef struct fl_lesson_call {
    size_t n;
    uint64_t worked;  /* by all workers together */
    uint64_t elapsed; /* until the call ended */
    bool warm;        /* it forked at its start */
    bool shared;      /* it forked, then or later */
} fl_lesson_call;

/* How long n iterations take on one worker: nanoseconds. */
static inline uint64_t fl_lesson_time(const fl_lesson *lesson, size_t n)
{
    return n > UINT32_MAX ? UINT64_MAX : (uint64_t)lesson->each * n / FL_SITE_PART;
}

/* How many iterations take `ns`, at least 1. */
static inline size_t fl_lesson_iterations(const fl_lesson *lesson, uint64_t ns)
{
    uint64_t some = ns * FL_SITE_PART / lesson->each;
    return some ? (size_t)some : 1;
}

enum fl_start fl_lesson_start(const fl_lesson *lesson, size_t n);
/* Warm calls only lower the time of an iteration: workers that share data slow each other down, and
 * that would look like a gain. */
void fl_lesson_learn(fl_lesson *lesson, const fl_lesson_call *call);

/* The memory of calls of `body` with n iterations. */
fl_lesson fl_site_recall(const void *body, size_t n);
/* Stores it, if it differs. */
void fl_site_keep(const void *body, size_t n, fl_lesson lesson);

#endif
