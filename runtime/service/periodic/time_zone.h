/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time zones, and the calendar in which they count. */
#ifndef FL_TIME_ZONE_H
#define FL_TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Dates ---- */

/* Dates of the Gregorian calendar, as days since 1970-01-01. */

enum { FL_CIVIL_DAY = 86400 /* s */ };

typedef struct fl_civil {
    int64_t year;
    unsigned month, day; /* 1.. */
} fl_civil;

/* a / b, rounded down; b > 0. */
static inline int64_t fl_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years begin in March here, so the leap day is the last of its year; 400 years have 146097 days. */
static inline int64_t fl_civil_days(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t of_month = (153 * (int64_t)((month + 9) % 12) + 2) / 5;
    return 365 * y + fl_floor(y, 4) - fl_floor(y, 100) + fl_floor(y, 400) + of_month + day - 719469;
}

static inline fl_civil fl_civil_of(int64_t days)
{
    int64_t since = days + 719468, era = fl_floor(since, 146097);
    int64_t day = since - era * 146097; /* of the era */
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    fl_civil out = {.month = (unsigned)(month < 10 ? month + 3 : month - 9),
                    .day = (unsigned)(of_year - (153 * month + 2) / 5 + 1)};
    out.year = year + era * 400 + (out.month <= 2);
    return out;
}

/* 0: Sunday. */
static inline unsigned fl_civil_weekday(int64_t days)
{
    return (unsigned)(days + 4 - 7 * fl_floor(days + 4, 7));
}

/* ---- Zones ---- */

/* Time zones: the offset of a clock on the wall from Unix time. Many at once and on any thread, which
 * the C library's TZ does not offer. Those with a name are read from the system's database, in the
 * format of RFC 8536, at their opening. */

#define FL_ZONE_FOREVER INT64_MAX

/* A day of each year on which the offset changes. */
typedef struct fl_zone_rule {
    char kind; /* 'M': week `week` (5: the last) and weekday `day` of month `month`; 'J': day 1..365
                  without leap days; '0': day 0..365 */
    unsigned month, week, day;
    int32_t at; /* s after midnight, by the clock on the wall before the change */
} fl_zone_rule;

typedef struct fl_zone {
    int64_t *times;   /* Unix time in s, rising: */
    int32_t *offsets; /* s east of UTC, from that time on */
    size_t count;
    int32_t offset; /* before the first of them; also always, in zones with a fixed offset */
    bool has_tail;  /* after the last one: */
    bool has_rules; /* `summer` between the two rules of each year; else `standard` alone */
    int32_t standard, summer;
    fl_zone_rule begins, ends;
} fl_zone;

/* "UTC" (also NULL), "+05:30", or "Europe/Berlin". 0; or -EINVAL, -ENOMEM, explained. The caller
 * closes a zone that was opened. */
int fl_zone_open(fl_zone *out, const char *name);
void fl_zone_close(fl_zone *zone);
/* The offset in s at a time; *until: the time up to which it holds at least. */
int32_t fl_zone_offset(const fl_zone *zone, int64_t time, int64_t *until);

/* ---- Rules ---- */

/* Rules of a time zone for the years that its file does not list,
 * "CET-1CEST,DropUser.5.0,M10.5.0/3", as POSIX has them for TZ, with the times that RFC 8536 adds.
 */

/* Fills in the tail of *out; an empty text has none. false: the text is malformed. */
bool fl_zone_rules_read(const char *text, size_t size, fl_zone *out);
/* As fl_zone_offset, by the tail. */
int32_t fl_zone_rules_offset(const fl_zone *zone, int64_t time, int64_t *until);

#endif
