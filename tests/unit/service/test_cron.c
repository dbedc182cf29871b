/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Cron lines and time zones: slots agree with a search minute by minute, offsets with those of the C
 * library, also around changes of summer time; wrong lines are refused with field and range. */
#include <filch/base.h>
#include <runtime/service/periodic/cron.h>
#include <runtime/service/periodic/time_zone.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <time.h>
#include <unistd.h>

enum { MINUTE = 60, HOUR = 3600 };

static uint64_t random_state = 1;

static unsigned random_below(unsigned bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((random_state >> 33) % bound);
}

static int64_t at(int64_t year, unsigned month, unsigned day, int hour, int minute)
{
    return fl_civil_days(year, month, day) * FL_CIVIL_DAY + hour * HOUR + minute * MINUTE;
}

static fl_cron cron_of(const char *line)
{
    fl_cron cron;
    cr_assert_eq(fl_cron_parse(&cron, line), 0, "%s: %s", line, filch_error());
    return cron;
}

/* Minimal systems have no database of zones. */
static bool has_zones(void)
{
    return access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0;
}

/* The slots of a line after `after`, up to `end` of them, are these. */
static void slots_are(const char *line, const char *zone_name, int64_t after,
                      const int64_t *expected, unsigned count)
{
    fl_zone zone;
    fl_cron cron = cron_of(line);
    cr_assert_eq(fl_zone_open(&zone, zone_name), 0, "%s", filch_error());
    for (unsigned i = 0; i < count; i++) {
        after = fl_cron_next(&cron, &zone, after);
        cr_assert_eq(after, expected[i], "%s: slot %u is %lld, not %lld", line, i, (long long)after,
                     (long long)expected[i]);
    }
    fl_zone_close(&zone);
}
#define SLOTS(line, zone, after, ...)                                                              \
    slots_are(line, zone, after, (const int64_t[]){__VA_ARGS__},                                   \
              sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t))

/* ---- Lines ---- */

Test(cron, lines_produce_their_slots)
{
    int64_t sunday = at(2026, 11, 22, 12, 0);
    SLOTS("30 2 * * *", NULL, sunday, at(2026, 11, 23, 2, 30), at(2026, 11, 24, 2, 30));
    SLOTS("*/20 13 * * *", NULL, sunday, at(2026, 11, 22, 13, 0), at(2026, 11, 22, 13, 20),
          at(2026, 11, 22, 13, 40), at(2026, 11, 23, 13, 0));
    SLOTS("0 9 * * Mon-Fri", NULL, sunday, at(2026, 11, 23, 9, 0), at(2026, 11, 24, 9, 0),
          at(2026, 11, 25, 9, 0), at(2026, 11, 26, 9, 0), at(2026, 11, 27, 9, 0),
          at(2026, 11, 30, 9, 0));
    SLOTS("0 0 * * fri-sun", NULL, sunday, at(2026, 11, 27, 0, 0), at(2026, 11, 28, 0, 0),
          at(2026, 11, 29, 0, 0), at(2026, 12, 4, 0, 0));
    SLOTS("0 0 29 feb *", NULL, sunday, at(2028, 2, 29, 0, 0), at(2032, 2, 29, 0, 0));
    SLOTS("5,10-12 0 1 1,7 *", NULL, sunday, at(2027, 1, 1, 0, 5), at(2027, 1, 1, 0, 10),
          at(2027, 1, 1, 0, 11), at(2027, 1, 1, 0, 12), at(2027, 7, 1, 0, 5));
    SLOTS("0 12 * * *", NULL, sunday, at(2026, 11, 23, 12, 0));
    SLOTS("0 12 * * *", NULL, sunday - 1, sunday);
    SLOTS("0 12 * * *", "+02:00", sunday, at(2026, 11, 23, 10, 0));
    SLOTS("0 12 * * *", "-05:30", sunday, at(2026, 11, 22, 17, 30));
}

Test(cron, two_restricted_day_fields_match_either)
{
    int64_t sunday = at(2026, 11, 22, 12, 0);
    SLOTS("0 0 25 * 1", NULL, sunday, at(2026, 11, 23, 0, 0), at(2026, 11, 25, 0, 0),
          at(2026, 11, 30, 0, 0));
    SLOTS("0 0 */2 * 1", NULL, sunday, at(2026, 11, 23, 0, 0), at(2026, 12, 7, 0, 0));
    SLOTS("0 0 1-7 * *", NULL, sunday, at(2026, 12, 1, 0, 0), at(2026, 12, 2, 0, 0));
}

Test(cron, words_stand_for_lines)
{
    int64_t sunday = at(2026, 11, 22, 12, 10);
    SLOTS("@hourly", NULL, sunday, at(2026, 11, 22, 13, 0), at(2026, 11, 22, 14, 0));
    SLOTS("@daily", NULL, sunday, at(2026, 11, 23, 0, 0));
    SLOTS("@midnight", NULL, sunday, at(2026, 11, 23, 0, 0));
    SLOTS("@weekly", NULL, sunday, at(2026, 11, 29, 0, 0));
    SLOTS("@monthly", NULL, sunday, at(2026, 12, 1, 0, 0), at(2027, 1, 1, 0, 0));
    SLOTS("@yearly", NULL, sunday, at(2027, 1, 1, 0, 0));
    SLOTS("@annually", NULL, sunday, at(2027, 1, 1, 0, 0));
    SLOTS("@every 30s", NULL, sunday + 5, sunday + 30, sunday + 60);
    SLOTS("@every 2h", NULL, sunday, at(2026, 11, 22, 14, 0), at(2026, 11, 22, 16, 0));
    SLOTS("@every 1d", "+02:00", sunday, at(2026, 11, 23, 0, 0));
    SLOTS("@every 7s", NULL, -10, -7, 0, 7);
}

Test(cron, wrong_lines_are_refused_with_range)
{
    static const struct {
        const char *line, *why;
    } wrong[] = {
        {"60 * * * *", "minute '60' is not allowed (0..59"},
        {"* 24 * * *", "hour '24' is not allowed (0..23"},
        {"* * 0 * *", "day of month '0' is not allowed (1..31"},
        {"* * * 13 *", "month '13' is not allowed (1..12 or names such as jan"},
        {"* * * * 8", "day of week '8' is not allowed (0..7 or names such as mon"},
        {"5-1 * * * *", "minute '5-1'"},
        {"5/2 * * * *", "minute '5/2'"},
        {"*/0 * * * *", "minute '*/0'"},
        {"*/60 * * * *", "minute '*/60'"},
        {"1, * * * *", "minute '1,'"},
        {"+1 * * * *", "minute '+1'"},
        {"-1 * * * *", "minute '-1'"},
        {"1x * * * *", "minute '1x'"},
        {"* * * * sunday", "day of week 'sunday'"},
        {"* * * mon *", "month 'mon'"},
        {"99999999999999999999 * * * *", "minute '99999999999999999999'"},
        {"* * * *", "has no valid day of week"},
        {"", "has no valid minute"},
        {"* * * * * *", "more than five fields"},
        {"0 0 30 2 *", "a day that none of its months has"},
        {"0 0 31 4,6,9,11 *", "a day that none of its months has"},
        {"@reboot", "unknown cron line '@reboot' (valid: @hourly"},
        {"@every", "unknown cron line"},
        {"@every 0s", "@every '0s' is not allowed (1s..366d"},
        {"@every 5", "@every '5'"},
        {"@every 367d", "@every '367d'"},
        {"@every 5 s", "@every '5 s'"},
        {"@every -5s", "@every '-5s'"},
    };
    fl_cron cron;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(fl_cron_parse(&cron, wrong[i].line), -EINVAL, "%s", wrong[i].line);
        cr_assert(strstr(filch_error(), wrong[i].why), "%s: %s", wrong[i].line, filch_error());
    }
}

/* ---- Summer time. Berlin skips 02:00..03:00 on 2026-03-29, and repeats it on 2026-10-25 ---- */

Test(cron, skipped_times_become_one_slot)
{
    if (!has_zones())
        return;
    int64_t night = at(2026, 3, 28, 12, 0), jump = at(2026, 3, 29, 1, 0);
    SLOTS("30 2 * * *", "Europe/Berlin", night, jump, at(2026, 3, 30, 0, 30));
    SLOTS("0,15,30 2 * * *", "Europe/Berlin", night, jump, at(2026, 3, 30, 0, 0));
    SLOTS("0 1-3 * * *", "Europe/Berlin", night, at(2026, 3, 29, 0, 0), jump,
          at(2026, 3, 29, 23, 0));
}

Test(cron, repeated_times_are_slots_once)
{
    if (!has_zones())
        return;
    int64_t night = at(2026, 10, 24, 12, 0);
    SLOTS("30 2 * * *", "Europe/Berlin", night, at(2026, 10, 25, 0, 30), at(2026, 10, 26, 1, 30));
    SLOTS("30 2 * * *", "Europe/Berlin", at(2026, 10, 25, 1, 0), at(2026, 10, 26, 1, 30));
    SLOTS("0 1-3 * * *", "Europe/Berlin", night, at(2026, 10, 24, 23, 0), at(2026, 10, 25, 0, 0),
          at(2026, 10, 25, 2, 0));
}

Test(cron, star_lines_follow_elapsed_time)
{
    if (!has_zones())
        return;
    SLOTS("30 * * * *", "Europe/Berlin", at(2026, 3, 29, 0, 0), at(2026, 3, 29, 0, 30),
          at(2026, 3, 29, 1, 30));
    SLOTS("30 * * * *", "Europe/Berlin", at(2026, 10, 25, 0, 0), at(2026, 10, 25, 0, 30),
          at(2026, 10, 25, 1, 30), at(2026, 10, 25, 2, 30));
    SLOTS("*/30 2 * * *", "Europe/Berlin", at(2026, 3, 28, 12, 0), at(2026, 3, 30, 0, 0));
}

/* ---- Against a search ---- */

/* A random field as text, with a share of stars. */
static void write_field(char *text, unsigned least, unsigned most)
{
    unsigned from = least + random_below(most - least + 1), size = 0;
    switch (random_below(4)) {
    case 0:
        sprintf(text, "*");
        break;
    case 1:
        sprintf(text, "*/%u", 1 + random_below(most - least + 1) % most);
        break;
    case 2:
        sprintf(text, "%u-%u", from, from + random_below(most - from + 1));
        break;
    default:
        for (unsigned i = 0; i <= random_below(3); i++)
            size += (unsigned)sprintf(text + size, "%s%u", i ? "," : "",
                                      least + random_below(most - least + 1));
    }
}

static bool shows(const fl_cron *cron, int64_t local)
{
    int64_t days = fl_floor(local, FL_CIVIL_DAY), rest = local - days * FL_CIVIL_DAY;
    fl_civil date = fl_civil_of(days);
    bool day = cron->days >> date.day & 1, weekday = cron->weekdays >> fl_civil_weekday(days) & 1;
    bool either = !cron->any_day && !cron->any_weekday;
    return cron->minutes >> (rest / MINUTE % 60) & 1 && cron->hours >> (rest / HOUR) & 1 &&
           cron->months >> date.month & 1 && (either ? day || weekday : day && weekday);
}

static int64_t local_of(const fl_zone *zone, int64_t time)
{
    int64_t until;
    return time + fl_zone_offset(zone, time, &until);
}

/* Is this minute a slot? */
static bool is_slot(const fl_cron *cron, const fl_zone *zone, int64_t time)
{
    int64_t local = local_of(zone, time), before = local_of(zone, time - MINUTE);
    if (cron->elapses)
        return shows(cron, local);
    for (int64_t skipped = before + MINUTE; skipped < local; skipped += MINUTE)
        if (shows(cron, skipped))
            return true;
    for (int64_t earlier = time - 4 * HOUR; earlier < time; earlier += MINUTE)
        if (local_of(zone, earlier) == local)
            return false;
    return shows(cron, local);
}

/* From one minute on, for some days. */
static void agrees_with_a_search(const char *zone_name, int64_t from, unsigned days)
{
    char field[5][32], line[160];
    fl_zone zone;
    cr_assert_eq(fl_zone_open(&zone, zone_name), 0, "%s", filch_error());
    write_field(field[0], 0, 59);
    write_field(field[1], 0, 23);
    write_field(field[2], 1, 28);
    write_field(field[3], 1, 12);
    write_field(field[4], 0, 6);
    snprintf(line, sizeof line, "%s %s %s %s %s", field[0], field[1], field[2],
             random_below(2) ? "*" : field[3], random_below(2) ? "*" : field[4]);
    fl_cron cron = cron_of(line);
    int64_t next = fl_cron_next(&cron, &zone, from);
    for (int64_t time = from + MINUTE; time < from + days * FL_CIVIL_DAY; time += MINUTE) {
        bool expected = time == next;
        if (expected != is_slot(&cron, &zone, time))
            cr_assert(false, "%s in %s from %lld: %lld", line, zone_name, (long long)from,
                      (long long)time);
        if (expected)
            next = fl_cron_next(&cron, &zone, time + random_below(MINUTE));
    }
    cr_assert_geq(next, from + days * FL_CIVIL_DAY);
    fl_zone_close(&zone);
}

Test(cron, slots_agree_with_a_search)
{
    for (unsigned i = 0; i < 60; i++)
        agrees_with_a_search(NULL, at(2024, 2, 25, 0, 0) + random_below(1000000) * MINUTE, 6);
}

/* Half an hour in Lord Howe, two hours in Troll, a day skipped in Apia. */
Test(cron, slots_around_zone_changes_match_search)
{
    static const struct {
        const char *zone;
        int64_t year;
        unsigned month, day;
    } places[] = {{"Europe/Berlin", 2026, 3, 28},      {"Europe/Berlin", 2026, 10, 24},
                  {"America/New_York", 2050, 3, 12},   {"America/New_York", 2050, 11, 5},
                  {"Australia/Lord_Howe", 2026, 4, 3}, {"Australia/Lord_Howe", 2026, 10, 2},
                  {"Antarctica/Troll", 2026, 3, 28},   {"Antarctica/Troll", 2026, 10, 24},
                  {"America/Santiago", 2099, 4, 3},    {"Africa/Casablanca", 2026, 2, 14}};
    if (!has_zones())
        return;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
        for (unsigned k = 0; k < 12; k++)
            agrees_with_a_search(places[i].zone,
                                 at(places[i].year, places[i].month, places[i].day, 0, 0), 3);
}

Test(cron, zone_skipped_day_is_one_slot)
{
    if (access("/usr/share/zoneinfo/Pacific/Apia", R_OK) == 0) /* had no 2011-12-30 */
        SLOTS("0 12 * * *", "Pacific/Apia", at(2011, 12, 29, 23, 0), at(2011, 12, 30, 10, 0),
              at(2011, 12, 30, 22, 0));
}

/* ---- Zones ---- */

Test(zones, offsets_match_c_library)
{
    static const char *const names[] = {
        "Europe/Berlin",     "America/New_York",  "Australia/Lord_Howe",
        "Asia/Kathmandu",    "Africa/Casablanca", "America/St_Johns",
        "Europe/Dublin",     "Antarctica/Troll",  "Pacific/Apia",
        "America/Sao_Paulo", "Etc/GMT+5"};
    if (!has_zones())
        return;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        fl_zone zone;
        struct tm parts;
        cr_assert_eq(fl_zone_open(&zone, names[i]), 0, "%s", filch_error());
        setenv("TZ", names[i], 1);
        tzset();
        for (unsigned k = 0; k < 3000; k++) {
            time_t time = (time_t)random_below(2000000000) * 3 + (time_t)random_below(HOUR);
            int64_t until, after;
            localtime_r(&time, &parts);
            int32_t offset = fl_zone_offset(&zone, time, &until);
            cr_assert_eq(offset, parts.tm_gmtoff, "%s at %lld", names[i], (long long)time);
            cr_assert_gt(until, time);
            if (until != FL_ZONE_FOREVER)
                cr_assert_eq(fl_zone_offset(&zone, until - 1, &after), offset);
        }
        fl_zone_close(&zone);
    }
}

Test(zones, unknown_names_are_refused)
{
    static const char *const wrong[] = {
        "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "+2:00",     "+24:00", "+02:60",
        "02:00",        "+02:00 ",          "Europe",      "tzdata.zi", "utc\n"};
    fl_zone zone;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(fl_zone_open(&zone, wrong[i]), -EINVAL, "%s", wrong[i]);
        cr_assert(strstr(filch_error(), "unknown time zone '"), "%s", filch_error());
    }
}

static int64_t change_after(const fl_zone *zone, int64_t time)
{
    int64_t until;
    fl_zone_rules_offset(zone, time, &until);
    return until;
}

Test(zones, rules_parse_in_every_form)
{
    static const struct {
        const char *text;
        int32_t standard, summer;
    } rules[] = {{"CET-1CEST,M3.5.0,M10.5.0/3", HOUR, 2 * HOUR},
                 {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 10 * HOUR + 1800, 11 * HOUR},
                 {"EST5EDT4,J60/2:30,J300", -5 * HOUR, -4 * HOUR},
                 {"AAA-1BBB,59/0,300/-1", HOUR, 2 * HOUR},
                 {"IST-1GMT0,M10.5.0,M3.5.0/1", HOUR, 0}};
    static const char *const wrong[] = {"CE-1",
                                        "CET",
                                        "CET-1CEST",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.5.0,M1.1.0",
                                        "CET-1CEST,M3.0.0,M1.1.0",
                                        "CET-1CEST,M3.5.7,M1.1.0",
                                        "CET-1CEST,M3.5.0,M10.5.0/168",
                                        "CET-25",
                                        "CET-1CEST,J0,J5",
                                        "CET-1CEST,1,366",
                                        "CET-1:60",
                                        "CET-1CEST,M3.5.0,M10.5.0x",
                                        "<CET-1"};
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
        fl_zone zone = {0};
        const char *text = rules[i].text;
        cr_assert(fl_zone_rules_read(text, strlen(text), &zone), "%s", text);
        cr_assert(zone.has_tail && zone.has_rules);
        cr_assert_eq(zone.standard, rules[i].standard, "%s: %d", text, zone.standard);
        cr_assert_eq(zone.summer, rules[i].summer, "%s: %d", text, zone.summer);
    }
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fl_zone zone = {0};
        cr_assert_not(fl_zone_rules_read(wrong[i], strlen(wrong[i]), &zone), "%s", wrong[i]);
    }
    fl_zone berlin = {0}, always = {0};
    cr_assert(fl_zone_rules_read("CET-1CEST,M3.5.0,M10.5.0/3", 26, &berlin));
    int64_t spring = change_after(&berlin, at(2026, 1, 1, 0, 0));
    cr_assert_eq(spring, at(2026, 3, 29, 1, 0));
    cr_assert_eq(change_after(&berlin, spring), at(2026, 10, 25, 1, 0));
    cr_assert(fl_zone_rules_read("<+0545>-5:45", 12, &always));
    cr_assert_eq(change_after(&always, 0), FL_ZONE_FOREVER);
}
