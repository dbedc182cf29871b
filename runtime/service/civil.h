/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dates of the Gregorian calendar, as days since 1970-01-01. */
#ifndef FL_CIVIL_H
#define FL_CIVIL_H

#include <stdint.h>

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

#endif
