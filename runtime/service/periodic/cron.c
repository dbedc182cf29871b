/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/periodic/cron.h>

#include <runtime/service/periodic/time_zone.h>

#include <filch/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MINUTE = 60, HOUR = 3600, LAST_YEAR = 2199, WORD_BYTES = 64 };

/* ---- Fields ---- */

enum { IN_MINUTE, IN_HOUR, IN_DAY, IN_MONTH, IN_WEEKDAY, FIELDS };

static const struct field {
    const char *name;
    unsigned least, most;
    const char *names; /* three letters each, from `least` on */
} fields[FIELDS] = {{"minute", 0, 59, ""},
                    {"hour", 0, 23, ""},
                    {"day of month", 1, 31, ""},
                    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                    {"day of week", 0, 7, "sunmontuewedthufrisat"}};

static int refuse(const struct field *field, const char *text)
{
    return filch_error_set(-EINVAL, "%s '%.32s' is not allowed (%u..%u%s%s, ranges, lists, steps)",
                           field->name, text, field->least, field->most,
                           *field->names ? " or names such as " : "",
                           !*field->names               ? ""
                           : field == fields + IN_MONTH ? "jan"
                                                        : "mon");
}

/* A number without sign, or a name; moves *at behind it. false: neither, or out of range. */
static bool read_value(const struct field *field, const char **at, unsigned *value)
{
    char *end;
    if (**at >= '0' && **at <= '9') {
        unsigned long number = strtoul(*at, &end, 10);
        *at = end;
        *value = number <= field->most ? (unsigned)number : field->most + 1;
        return *value >= field->least && *value <= field->most;
    }
    for (unsigned i = 0; field->names[3 * i]; i++)
        if (strncasecmp(field->names + 3 * i, *at, 3) == 0) {
            *at += 3;
            *value = field->least + i;
            return true;
        }
    return false;
}

/* "*", "5", "1-5", with "/2" behind the first and the last. */
static bool read_item(const struct field *field, const char **at, uint64_t *bits)
{
    unsigned from = field->least, to = field->most, step = 1;
    bool is_range = **at == '*';
    char *end;
    if (is_range)
        ++*at;
    else if (!read_value(field, at, &from))
        return false;
    else
        to = from;
    if (!is_range && **at == '-') {
        ++*at;
        is_range = true;
        if (!read_value(field, at, &to))
            return false;
        if (field == fields + IN_WEEKDAY && !to && from) /* "fri-sun" */
            to = 7;
    }
    if (**at == '/') {
        if (!is_range || (*at)[1] < '1' || (*at)[1] > '9')
            return false;
        unsigned long number = strtoul(*at + 1, &end, 10);
        *at = end;
        step = number <= field->most ? (unsigned)number : field->most + 1;
    }
    for (unsigned value = from; value <= to; value += step)
        *bits |= UINT64_C(1) << value;
    return from <= to && step <= field->most;
}

static int read_field(const struct field *field, const char *text, uint64_t *bits)
{
    const char *at = text;
    *bits = 0;
    for (;; at++) {
        if (!read_item(field, &at, bits))
            return refuse(field, text);
        if (*at != ',')
            return *at ? refuse(field, text) : 0;
    }
}

/* ---- Lines ---- */

/* Copies the next word; false: there is none, or it is too long. */
static bool take_word(const char **at, char word[WORD_BYTES])
{
    *at += strspn(*at, " \t");
    size_t length = strcspn(*at, " \t");
    if (!length || length >= WORD_BYTES)
        return false;
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length;
    return true;
}

static int read_fields(fl_cron *out, const char *line)
{
    char words[FIELDS][WORD_BYTES];
    uint64_t bits[FIELDS];
    const char *at = line;
    int rc = 0;
    for (unsigned i = 0; i < FIELDS; i++)
        if (!take_word(&at, words[i]))
            return filch_error_set(-EINVAL,
                                   "cron line '%.64s' has no valid %s (write minute, hour, "
                                   "day of month, month, day of week; or @daily)",
                                   line, fields[i].name);
    if (at[strspn(at, " \t")])
        return filch_error_set(-EINVAL, "cron line '%.64s' has more than five fields", line);
    for (unsigned i = 0; i < FIELDS && !rc; i++)
        rc = read_field(&fields[i], words[i], &bits[i]);
    if (rc)
        return rc;
    *out = (fl_cron){.minutes = bits[IN_MINUTE],
                     .hours = (uint32_t)bits[IN_HOUR],
                     .days = (uint32_t)bits[IN_DAY],
                     .months = (uint32_t)bits[IN_MONTH],
                     .weekdays = (uint32_t)(bits[IN_WEEKDAY] | bits[IN_WEEKDAY] >> 7),
                     .any_day = *words[IN_DAY] == '*',
                     .any_weekday = *words[IN_WEEKDAY] == '*',
                     .elapses = *words[IN_MINUTE] == '*' || *words[IN_HOUR] == '*'};
    static const fl_zone utc;
    if (fl_cron_next(out, &utc, 0) == FL_CRON_NEVER)
        return filch_error_set(-EINVAL, "cron line '%.64s' has a day that none of its months has",
                               line);
    return 0;
}

static int read_every(fl_cron *out, const char *text)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', MINUTE}, {'h', HOUR}, {'d', FL_CIVIL_DAY}};
    char *end;
    text += strspn(text, " \t");
    long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
    for (unsigned i = 0; number > 0 && i < sizeof units / sizeof *units; i++)
        if (end[0] == units[i].unit && !end[1] && number <= 366 * FL_CIVIL_DAY / units[i].seconds) {
            *out = (fl_cron){.every = number * units[i].seconds};
            return 0;
        }
    return filch_error_set(-EINVAL, "@every '%.32s' is not allowed (1s..366d; s, m, h or d)", text);
}

int fl_cron_parse(fl_cron *out, const char *line)
{
    static const struct {
        const char *name, *line;
    } shorts[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                  {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
                  {"@annually", "0 0 1 1 *"}};
    if (*line != '@')
        return read_fields(out, line);
    if (strncmp(line, "@every ", 7) == 0)
        return read_every(out, line + 7);
    for (unsigned i = 0; i < sizeof shorts / sizeof *shorts; i++)
        if (strcmp(line, shorts[i].name) == 0)
            return read_fields(out, shorts[i].line);
    return filch_error_set(-EINVAL,
                           "unknown cron line '%.32s' (valid: @hourly, @daily, @weekly, @monthly, "
                           "@yearly, @every 30s, or five fields)",
                           line);
}

/* ---- Slots. Local times are those of a clock on the wall, as if it showed UTC ---- */

static bool has(uint64_t bits, unsigned bit)
{
    return bits >> bit & 1;
}

static bool matches_day(const fl_cron *cron, int64_t days, unsigned day)
{
    bool by_day = has(cron->days, day), by_weekday = has(cron->weekdays, fl_civil_weekday(days));
    return cron->any_day || cron->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The first matching minute of a day from `from` on; -1: none. */
static int next_minute(const fl_cron *cron, unsigned from)
{
    for (unsigned hour = from / 60, minute = from % 60; hour < 24; hour++, minute = 0)
        if (has(cron->hours, hour) && cron->minutes >> minute)
            return (int)(hour * 60 + minute) + __builtin_ctzll(cron->minutes >> minute);
    return -1;
}

/* The first matching local time from `from` on. */
static int64_t next_local(const fl_cron *cron, int64_t from)
{
    int64_t days = fl_floor(from, FL_CIVIL_DAY);
    unsigned minute = (unsigned)((from - days * FL_CIVIL_DAY + MINUTE - 1) / MINUTE);
    for (;; minute = 0) {
        fl_civil date = fl_civil_of(days);
        if (date.year > LAST_YEAR)
            return FL_CRON_NEVER;
        if (!has(cron->months, date.month)) {
            days = fl_civil_days(date.year + date.month / 12, date.month % 12 + 1, 1);
            continue;
        }
        int at = matches_day(cron, days, date.day) ? next_minute(cron, minute) : -1;
        if (at >= 0)
            return days * FL_CIVIL_DAY + at * MINUTE;
        days++;
    }
}

/* The time at which a clock on the wall first shows a local time, or jumps over it. */
static int64_t first_at(const fl_zone *zone, int64_t local)
{
    int64_t until;
    for (int64_t time = local - 2 * FL_CIVIL_DAY;; time = until) {
        int64_t shown = local - fl_zone_offset(zone, time, &until);
        if (shown < until)
            return shown < time ? time : shown;
    }
}

static int64_t next_on_the_wall(const fl_cron *cron, const fl_zone *zone, int64_t after)
{
    int64_t until, local = after + fl_zone_offset(zone, after, &until);
    while ((local = next_local(cron, local)) != FL_CRON_NEVER) {
        int64_t at = first_at(zone, local);
        if (at > after)
            return at;
        local += MINUTE;
    }
    return FL_CRON_NEVER;
}

static int64_t next_elapsed(const fl_cron *cron, const fl_zone *zone, int64_t after)
{
    int64_t until;
    for (int64_t time = after + 1;; time = until) {
        int32_t offset = fl_zone_offset(zone, time, &until);
        int64_t local = next_local(cron, time + offset);
        if (local == FL_CRON_NEVER || local - offset < until)
            return local == FL_CRON_NEVER ? local : local - offset;
    }
}

int64_t fl_cron_next(const fl_cron *cron, const fl_zone *zone, int64_t after)
{
    if (cron->every)
        return (fl_floor(after, cron->every) + 1) * cron->every;
    return cron->elapses ? next_elapsed(cron, zone, after) : next_on_the_wall(cron, zone, after);
}
