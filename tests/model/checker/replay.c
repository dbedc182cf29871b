/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An execution's choices as text: a digit for each choice between threads that could go on, and for
 * each choice of a store, of a place or of a model; from 36 on in brackets. */
#include <tests/model/checker/state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICES = 1 << 16, NONE = UINT16_MAX };
static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static uint16_t taken[CHOICES], recorded[CHOICES];
static unsigned takes, taken_so_far, records, last_thread;
static bool recording;

/* Moves *text behind it. NONE: there is no choice. */
static uint16_t choice_from_text(const char **text)
{
    const char *digit = strchr(digits, **text);
    if (digit) {
        ++*text;
        return (uint16_t)(digit - digits);
    }
    char *end;
    unsigned long way = **text == '(' ? strtoul(*text + 1, &end, 10) : NONE;
    if (way >= NONE || *end != ')')
        return NONE;
    *text = end + 1;
    return (uint16_t)way;
}

bool mc_replay_start(const char *text)
{
    taken_so_far = 0;
    for (takes = 0; *text && takes < CHOICES; takes++) {
        taken[takes] = choice_from_text(&text);
        if (taken[takes] == NONE)
            return false;
    }
    return !*text;
}

const char mc_unfit[] = "the replay does not fit";

unsigned mc_replay_take(unsigned ways)
{
    unsigned way = ways > 1 && taken_so_far < takes ? taken[taken_so_far++] : 0;
    if (way < ways)
        return way;
    mc_fail(mc_unfit);
    return 0;
}

void mc_record_start(void)
{
    recording = true;
    records = 0;
}

void mc_record(unsigned way, unsigned ways)
{
    if (recording && ways > 1 && records < CHOICES)
        recorded[records++] = (uint16_t)way;
}

void mc_record_thread(unsigned way, unsigned ways)
{
    last_thread = records;
    mc_record(way, ways);
}

void mc_record_back(void)
{
    records = recording ? last_thread : 0;
}

char *mc_recorded(void)
{
    char *text = malloc(8 * (size_t)records + 1), *at = text;
    for (unsigned i = 0; text && i < records; i++)
        at += recorded[i] < 36 ? sprintf(at, "%c", digits[recorded[i]])
                               : sprintf(at, "(%u)", recorded[i]);
    if (text)
        *at = '\0';
    recording = false;
    return text;
}
