/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/breaker_window.h>

#include <string.h>

enum { WORD = 64 };

typedef struct part {
    uint64_t calls, failures;
} part;

size_t fl_window_room(unsigned size, int64_t span)
{
    return span ? size * sizeof(part) : (size + WORD - 1) / WORD * sizeof(uint64_t);
}

void fl_window_clear(fl_window *window, int64_t now)
{
    memset(window->room, 0, fl_window_room(window->size, window->span));
    window->calls = window->failures = 0;
    window->at = 0;
    window->start = now;
}

void fl_window_init(fl_window *window, unsigned size, int64_t span, void *room, int64_t now)
{
    *window = (fl_window){.size = size, .span = span, .room = room};
    fl_window_clear(window, now);
}

static void step(fl_window *window)
{
    window->at = window->at + 1 < window->size ? window->at + 1 : 0;
}

void fl_window_age(fl_window *window, int64_t now)
{
    if (!window->span || now < window->start)
        return;
    int64_t gone = (now - window->start) / window->span;
    window->start += gone * window->span;
    if (gone >= window->size) {
        fl_window_clear(window, window->start);
        return;
    }
    for (; gone; gone--) {
        step(window);
        part *oldest = (part *)window->room + window->at;
        window->calls -= oldest->calls;
        window->failures -= oldest->failures;
        *oldest = (part){0};
    }
}

static void add_by_time(fl_window *window, bool failed, int64_t now)
{
    fl_window_age(window, now);
    part *here = (part *)window->room + window->at;
    here->calls++;
    here->failures += failed;
    window->calls++;
}

static void add_by_calls(fl_window *window, bool failed)
{
    uint64_t *word = (uint64_t *)window->room + window->at / WORD;
    uint64_t bit = UINT64_C(1) << window->at % WORD;
    if (window->calls < window->size)
        window->calls++;
    else
        window->failures -= *word & bit ? 1 : 0;
    *word = failed ? *word | bit : *word & ~bit;
    step(window);
}

void fl_window_add(fl_window *window, bool failed, int64_t now)
{
    if (window->span)
        add_by_time(window, failed, now);
    else
        add_by_calls(window, failed);
    window->failures += failed;
}
