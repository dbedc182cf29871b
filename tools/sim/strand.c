/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "strand.h"

#include <stdlib.h>

enum { WORD = 64, FIRST_ROOM = 8 };

bool strand_push(strand *s, frame f)
{
    if (s->depth == s->room) {
        uint32_t room = s->room ? 2 * s->room : FIRST_ROOM;
        frame *more = reallocarray(s->frames, room, sizeof *more);
        if (!more)
            return false;
        s->frames = more;
        s->room = room;
    }
    f.slot = s->depth ? strand_top(s)->slot + strand_top(s)->high : 0;
    s->frames[s->depth++] = f;
    return true;
}

void frame_begin(frame *f, uint32_t children, bool calls)
{
    if (f->children > WORD)
        free(f->done.many);
    f->children = children;
    f->calls = calls;
    f->low = f->high = 0;
    if (children > WORD)
        f->done.many = NULL;
    else
        f->done.word = 0;
}

void strand_pop(strand *s)
{
    frame_begin(strand_top(s), 0, false);
    s->depth--;
    if (s->oldest >= s->depth)
        s->oldest = s->depth ? s->depth - 1 : 0;
}

void strand_free(strand *s)
{
    while (s->depth)
        strand_pop(s);
    free(s->frames);
    free(s);
}

bool frame_is_done(const frame *f, uint32_t child)
{
    const uint64_t *words = f->children > WORD ? f->done.many : &f->done.word;
    return words[child / WORD] >> child % WORD & 1;
}

/* The words of a frame of many children are there. false: no memory. */
static bool has_words(frame *f)
{
    if (f->children <= WORD || f->done.many)
        return true;
    f->done.many = calloc(f->children / WORD + 1, sizeof *f->done.many);
    return f->done.many;
}

/* Those that ran at their fork cannot be taken. */
static bool has_some(frame *f)
{
    bool has_done = f->children <= WORD ? f->done.word != 0 : f->done.many != NULL;
    while (has_done && f->low < f->high && frame_is_done(f, f->low))
        f->low++;
    return f->low < f->high;
}

bool strand_run_next(strand *s)
{
    frame *f = strand_top(s);
    if (!has_words(f))
        return false;
    strand_finish(s, s->depth - 1, f->high);
    f->high++;
    return true;
}

static bool take_of(strand *s, uint32_t number, uint32_t most, place *taken)
{
    frame *f = &s->frames[number];
    if (!has_some(f) || !has_words(f))
        return false;
    uint32_t here = f->high - f->low, count = here < most ? here : most;
    *taken = (place){s, number, f->low, count};
    f->low += count;
    s->available -= count;
    s->changes++;
    return true;
}

bool strand_take(strand *s, uint32_t most, place *taken)
{
    while (!has_some(&s->frames[s->oldest]))
        s->oldest++;
    return take_of(s, s->oldest, most, taken);
}

/* Only the frame on top can end in front of the slot. */
static const frame *frame_with(const strand *s, uint32_t slot)
{
    const frame *f = s->frames + s->depth;
    while (f > s->frames && (--f)->slot > slot)
        ;
    return s->depth && slot - f->slot < f->high ? f : NULL;
}

bool strand_offers(const strand *s, uint32_t slot)
{
    const frame *f = frame_with(s, slot);
    if (!f || slot - f->slot < f->low)
        return false;
    bool has_done = f->children <= WORD || f->done.many;
    return !has_done || !frame_is_done(f, slot - f->slot);
}

bool strand_take_at(strand *s, uint32_t slot, place *taken)
{
    return take_of(s, (uint32_t)(frame_with(s, slot) - s->frames), 1, taken);
}

void strand_finish(strand *s, uint32_t number, uint32_t child)
{
    frame *f = &s->frames[number];
    uint64_t *words = f->children > WORD ? f->done.many : &f->done.word;
    words[child / WORD] |= UINT64_C(1) << child % WORD;
}

uint32_t range_forks(uint32_t count)
{
    uint32_t forks = 0;
    for (; count > 1; count -= count / 2)
        forks++;
    return forks;
}

place range_part(const place *range, uint32_t number)
{
    uint32_t count = range->count;
    while (number--)
        count -= count / 2;
    uint32_t upper = count / 2;
    return (place){range->strand, range->frame, range->first + count - upper, upper};
}
