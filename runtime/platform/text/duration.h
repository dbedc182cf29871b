/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Durations as users type them, for the tools and for service programs: "200ms", "1.5 s", and "2",
 * which is in seconds. */
#ifndef FL_DURATION_H
#define FL_DURATION_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* For messages, after the range. */
#define FL_DURATION_UNITS "units ns, us, ms, s, m, h, d, default s"

typedef struct fl_time_unit {
    const char *name;
    int64_t ns;
} fl_time_unit;

/* From the shortest; the last row has no name. */
static inline const fl_time_unit *fl_time_units(void)
{
    static const fl_time_unit units[] = {
        {"ns", 1},
        {"us", 1000},
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", INT64_C(60000000000)},
        {"h", INT64_C(3600000000000)},
        {"d", INT64_C(86400000000000)},
        {NULL, 0},
    };
    return units;
}

/* ns of the unit that these `length` bytes name; 0: there is no such unit. */
static inline int64_t fl_time_unit_of(const char *name, size_t length)
{
    const fl_time_unit *unit = fl_time_units();
    while (unit->name && (strlen(unit->name) != length || memcmp(unit->name, name, length) != 0))
        unit++;
    return unit->ns;
}

/* Reads a decimal number of this unit, of which the first 9 places count, and moves *text past it.
 * false: it is not a number, or is out of range. */
static inline bool fl_duration_digits(const char **text, int64_t unit, int64_t *out)
{
    const char *at = *text;
    int64_t whole = 0, part = 0, scale = 1;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *at - '0', &whole))
            return false;
    if (at == *text || __builtin_mul_overflow(whole, unit, &whole))
        return false;
    const char *places = *at == '.' ? ++at : NULL;
    for (; places && *at >= '0' && *at <= '9'; at++)
        if (scale < 1000000000) {
            part = part * 10 + *at - '0';
            scale *= 10;
        }
    *text = at;
    part = (int64_t)((double)part / (double)scale * (double)unit + 0.5);
    return at != places && !__builtin_add_overflow(whole, part, out);
}

/* Reads a duration of least..most ns, rounded. false: any other text; *out is unchanged. */
static inline bool fl_duration_read(const char *text, int64_t least, int64_t most, int64_t *out)
{
    const char *unit = text + strspn(text, "0123456789.");
    int64_t ns = 0;
    unit += strspn(unit, " ");
    const int64_t factor = *unit ? fl_time_unit_of(unit, strlen(unit)) : 1000000000;
    if (!factor || !fl_duration_digits(&text, factor, &ns) || ns < least || ns > most ||
        text + strspn(text, " ") != unit)
        return false;
    *out = ns;
    return true;
}

/* Writes a duration as it is typed, in the largest unit that divides it, and returns text. */
static inline const char *fl_duration_write(int64_t ns, char *text, size_t size)
{
    const fl_time_unit *unit = fl_time_units(), *best = unit;
    for (; unit->name; unit++)
        if (ns ? ns % unit->ns == 0 : unit->ns == 1000000000)
            best = unit;
    snprintf(text, size, "%" PRId64 "%s", ns / best->ns, best->name);
    return text;
}

#endif
