/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cron lines: their slots, the times at which something is due. Plain functions of their arguments.
 *
 *   minute hour day-of-month month day-of-week      "30 2 * * mon-fri"
 *   @hourly @daily @weekly @monthly @yearly
 *   @every 90s                                      s, m, h or d; counted from 1970, for all alike
 *
 * A field is `*`, a number, a name, a range, or a list of them; a range and `*` may have a step:
 * "0-30/5". A day matches if both day fields do, or, where neither begins with `*`, if one does.
 *
 * Summer time. A line whose hour or minute begins with `*` follows the time that passes: an hour that
 * is skipped has no slots, one that is repeated has them twice. Any other line follows the clock on
 * the wall: slots within a skipped hour are one slot, at the moment of the jump, and in a repeated
 * hour each time counts once, the first. Vixie's cron does the same. */
#ifndef FL_CRON_H
#define FL_CRON_H

#include <runtime/service/periodic/time_zone.h>

#include <stdbool.h>
#include <stdint.h>

#define FL_CRON_NEVER INT64_MAX

typedef struct fl_cron {
    uint64_t minutes; /* bits, like the next four */
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* the field begins with `*` */
    bool elapses;              /* the hour or the minute begins with `*` */
    int64_t every;             /* s; 0: by the fields */
} fl_cron;

/* 0, or -EINVAL, explained: the field, and the allowed range. */
int fl_cron_parse(fl_cron *out, const char *line);
/* The first slot after a time; both are s of Unix time. FL_CRON_NEVER: none before 2200. */
int64_t fl_cron_next(const fl_cron *cron, const fl_zone *zone, int64_t after);

#endif
