/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/par/site.h>

#include <filch/atomic.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/platform/virtual/virtual.h>

#include <string.h>

#define PLACE_BITS 9

static filch_u64 sites[1 << PLACE_BITS];

FILCH_STATIC_ASSERT(sizeof(fl_lesson) == sizeof(uint64_t), "a lesson is one word");

static uint64_t hash_of(const void *body, size_t n)
{
    return ((uint64_t)(uintptr_t)body * 64 + fl_site_magnitude(n)) * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t place_of(uint64_t hash)
{
    return hash >> (64 - PLACE_BITS);
}

/* Never 0, the tag of an empty place. */
static uint16_t tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 32) | 1;
}

fl_lesson fl_site_recall(const void *body, size_t n)
{
    const uint64_t hash = hash_of(body, n);
    uint64_t word = filch_u64_load(&sites[place_of(hash)], FILCH_RELAXED); /* a value: see site.h */
    fl_lesson lesson;
    memcpy(&lesson, &word, sizeof lesson);
    if (lesson.tag != tag_of(hash) || fl_virtual())
        lesson = (fl_lesson){.tag = tag_of(hash)};
    return lesson;
}

void fl_site_keep(const void *body, size_t n, fl_lesson lesson)
{
    const size_t place = place_of(hash_of(body, n));
    uint64_t word;
    memcpy(&word, &lesson, sizeof word);
    if (!fl_virtual() &&
        filch_u64_load(&sites[place], FILCH_RELAXED) != word) /* a value: see site.h */
        filch_u64_store(&sites[place], word, FILCH_RELAXED);  /* the same */
}

enum fl_start fl_lesson_start(const fl_lesson *lesson, size_t n)
{
    if (!lesson->each)
        return FL_START_COLD;
    const uint64_t time = fl_lesson_time(lesson, n);
    if (lesson->pause)
        return time < FL_SITE_LONG ? FL_START_ALONE : FL_START_COLD;
    if (time >= FL_SITE_WARM)
        return FL_START_WARM;
    return time >= FL_SITE_READY ? FL_START_READY : FL_START_ALONE;
}

/* The time of an iteration in that call. */
static uint32_t each_in(const fl_lesson_call *call)
{
    uint64_t ns = call->worked / call->n;
    uint64_t each =
        ns < UINT32_MAX / FL_SITE_PART ? call->worked * FL_SITE_PART / call->n : UINT32_MAX;
    return each ? (uint32_t)each : 1;
}

static void miss(fl_lesson *lesson)
{
    if (++lesson->misses < FL_SITE_MISSES)
        return;
    if (lesson->pauses < FL_SITE_PAUSES)
        lesson->pauses++;
    lesson->misses = 0;
    lesson->pause = 1u << lesson->pauses;
}

static void forgive(fl_lesson *lesson)
{
    lesson->misses = lesson->pauses = lesson->pause = 0;
}

/* Sets the time of an iteration, unless it is nearly as before: workers that call the same loop at the
 * same time would pull its word back and forth. Says whether the loop is new, or takes longer than twice
 * as long. */
static bool update_each(fl_lesson *lesson, const fl_lesson_call *call)
{
    const uint32_t before = lesson->each, now = each_in(call);
    const bool longer = now / 2 > before, shorter = now < before / 2;
    if (before && now > before && call->warm)
        return false;
    if (!before || longer || shorter)
        lesson->each = now;
    else if (now < before - before / 8 || now - before / 8 > before)
        lesson->each = before / 2 + now / 2 + (before & now & 1);
    return !before || longer;
}

void fl_lesson_learn(fl_lesson *lesson, const fl_lesson_call *call)
{
    if (!call->n)
        return;
    const uint64_t usual = fl_lesson_time(lesson, call->n);
    if (update_each(lesson, call) || (call->shared && call->elapsed <= usual - usual / 8))
        forgive(lesson);
    else if (lesson->pause)
        lesson->pause--;
    else if (call->warm)
        miss(lesson);
}
