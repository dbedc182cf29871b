/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time zones: the offset of a clock on the wall from Unix time. Many at once and on any thread, which
 * the C library's TZ does not offer. Those with a name are read from the system's database, in the
 * format of RFC 8536, at their opening. */
#ifndef FL_ZONE_H
#define FL_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
