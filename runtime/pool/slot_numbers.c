/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/slot_numbers.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/pool.h>
#include <sched/assert.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 64 };

/* ---- Numbers ---- */

static int grow(fl_places *places)
{
    unsigned words = places->words ? 2 * places->words : 1;
    uint64_t *held = realloc(places->held, words * sizeof *held);
    if (!held)
        return -ENOMEM;
    memset(held + places->words, 0, (words - places->words) * sizeof *held);
    places->held = held;
    places->words = words;
    return 0;
}

int fl_places_take(fl_places *places)
{
    while (places->first < places->words && places->held[places->first] == UINT64_MAX)
        places->first++;
    if (places->first == places->words && grow(places))
        return -ENOMEM;
    unsigned bit = (unsigned)__builtin_ctzll(~places->held[places->first]);
    places->held[places->first] |= UINT64_C(1) << bit;
    return (int)(places->first * BITS + bit);
}

void fl_places_give(fl_places *places, unsigned place)
{
    unsigned word = place / BITS;
    FL_ASSERT(word < places->words && places->held[word] >> place % BITS & 1); /* given back once */
    places->held[word] &= ~(UINT64_C(1) << place % BITS);
    if (word < places->first)
        places->first = word;
}

void fl_places_clear(fl_places *places)
{
    free(places->held);
    *places = (fl_places){0};
}

/* ---- Of jobs; under the pool's lock ---- */

void fl_job_give_place(filch_job *job)
{
    const uint32_t number = job->pool->direct.tallies ? 0 : fl_place_number(job);
    if (!number)
        return;
    fl_places_give(&job->pool->places, number - 1);
    fl_set_place_number(job, 0);
}

static int place_of(filch_job *job)
{
    if (job->stage != FL_JOB_RUNNING)
        return fl_fail(EINVAL,
                       "filch_job_place of job %s, which is not in progress; call it from "
                       "the job's function",
                       job->name);
    if (fl_is_beyond(job))
        return fl_fail(EINVAL,
                       "job %s runs beyond the width of its pool and has no place; let "
                       "submissions wait (FILCH_FULL_WAIT)",
                       job->name);
    const uint32_t number = fl_place_number(job);
    int place = number ? (int)number - 1 : fl_places_take(&job->pool->places);
    if (place < 0)
        return fl_fail(ENOMEM, "no memory for the places of pool %s; free some",
                       job->pool->config.name);
    fl_set_place_number(job, (uint32_t)place + 1);
    return place;
}

int filch_job_place(filch_job *job)
{
    FL_GIVEN(job);
    filch_pool *pool = job->pool;
    if (pool->direct.tallies)
        return fl_fail(EINVAL, "pool %s is direct and has no places; create it with a width",
                       pool->config.name);
    fl_lock(&pool->queue.room.lock);
    int place = place_of(job);
    fl_unlock(&pool->queue.room.lock);
    return place;
}
