/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/window.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int64_t offset_of(int64_t stored)
{
    return stored < 0 ? -(stored + 1) : stored;
}

/* Moves what is left to the front, or into a larger array if that would free less than half. */
static bool make_room(fl_kafka_window *window)
{
    size_t left = window->end - window->first;
    if (window->first && left <= window->room / 2) {
        memmove(window->offsets, window->offsets + window->first, left * sizeof *window->offsets);
    } else {
        size_t room = window->room ? 2 * window->room : 64;
        int64_t *larger = malloc(room * sizeof *larger);
        if (!larger)
            return false;
        if (left)
            memcpy(larger, window->offsets + window->first, left * sizeof *larger);
        free(window->offsets);
        window->offsets = larger;
        window->room = room;
    }
    window->first = 0;
    window->end = left;
    return true;
}

int fl_kafka_window_add(fl_kafka_window *window, int64_t offset)
{
    if (offset < window->next)
        return -EEXIST;
    if (window->end == window->room && !make_room(window))
        return -ENOMEM;
    window->offsets[window->end++] = offset;
    window->next = offset + 1;
    return 0;
}

bool fl_kafka_window_finish(fl_kafka_window *window, int64_t offset)
{
    size_t low = window->first, high = window->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (offset_of(window->offsets[middle]) < offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == window->end || window->offsets[low] != offset)
        return false;
    window->offsets[low] = -offset - 1;
    while (window->first < window->end && window->offsets[window->first] < 0)
        window->first++;
    return true;
}

int64_t fl_kafka_window_low(const fl_kafka_window *window)
{
    return window->first < window->end ? window->offsets[window->first] : window->next;
}

size_t fl_kafka_window_size(const fl_kafka_window *window)
{
    return window->end - window->first;
}

void fl_kafka_window_end(fl_kafka_window *window)
{
    free(window->offsets);
    *window = (fl_kafka_window){0};
}
