/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/zone_rules.h>

#include <runtime/service/civil.h>
#include <runtime/service/zone.h>

#include <ctype.h>
#include <string.h>

enum { TEXT_MOST = 100, HOUR = 3600 };

/* ---- Reading ---- */

/* "<+0330>", or letters, at least three. */
static bool skip_name(const char **at)
{
    const char *from = *at;
    if (**at == '<') {
        *at += strcspn(*at, ">");
        return *(*at)++ == '>';
    }
    while (isalpha((unsigned char)**at))
        ++*at;
    return *at - from >= 3;
}

static bool read_number(const char **at, unsigned most, unsigned *out)
{
    unsigned number = 0;
    const char *from = *at;
    for (; **at >= '0' && **at <= '9' && number <= most; ++*at)
        number = 10 * number + (unsigned)(**at - '0');
    *out = number;
    return *at > from && number <= most;
}

/* "-3:30:00", in s. */
static bool read_time(const char **at, unsigned most_hours, int32_t *out)
{
    unsigned part = 0, seconds = 0;
    bool is_negative = **at == '-';
    *at += **at == '-' || **at == '+';
    if (!read_number(at, most_hours, &part))
        return false;
    seconds = part * HOUR;
    for (unsigned unit = HOUR / 60; unit && **at == ':'; unit /= 60) {
        ++*at;
        if (!read_number(at, 59, &part))
            return false;
        seconds += part * unit;
    }
    *out = is_negative ? -(int32_t)seconds : (int32_t)seconds;
    return true;
}

/* The month, the week and the weekday, with dots between them. */
static bool read_month_rule(const char **at, fl_zone_rule *out)
{
    unsigned *const parts[] = {&out->month, &out->week, &out->day};
    static const unsigned least[] = {1, 1, 0}, most[] = {12, 5, 6};
    for (unsigned i = 0; i < 3; i++) {
        if (*(*at)++ != (i ? '.' : 'M') || !read_number(at, most[i], parts[i]) ||
            *parts[i] < least[i])
            return false;
    }
    return true;
}

/* A comma, the day in one of three forms, and perhaps a slash and the time. */
static bool read_rule(const char **at, fl_zone_rule *out)
{
    *out = (fl_zone_rule){.at = 2 * HOUR};
    if (*(*at)++ != ',')
        return false;
    out->kind = **at == 'M' || **at == 'J' ? **at : '0';
    if (out->kind == 'M') {
        if (!read_month_rule(at, out))
            return false;
    } else {
        *at += out->kind == 'J';
        if (!read_number(at, 365, &out->day) || (out->kind == 'J' && !out->day))
            return false;
    }
    if (**at != '/')
        return true;
    ++*at;
    return read_time(at, 167, &out->at);
}

bool fl_zone_rules_read(const char *text, size_t size, fl_zone *out)
{
    char copy[TEXT_MOST];
    const char *at = copy;
    if (size >= sizeof copy || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    out->has_tail = size > 0;
    if (!size)
        return true;
    if (!skip_name(&at) || !read_time(&at, 24, &out->standard))
        return false;
    out->standard = -out->standard; /* POSIX counts to the west */
    out->has_rules = *at != '\0';
    if (!out->has_rules)
        return true;
    if (!skip_name(&at))
        return false;
    out->summer = -(out->standard + HOUR);
    if (*at != ',' && !read_time(&at, 24, &out->summer))
        return false;
    out->summer = -out->summer;
    return read_rule(&at, &out->begins) && read_rule(&at, &out->ends) && !*at;
}

/* ---- Offsets ---- */

static bool is_leap(int64_t year)
{
    return fl_civil_days(year, 3, 1) - fl_civil_days(year, 2, 1) == 29;
}

/* The day of a year on which the rule applies, since 1970. */
static int64_t day_of(const fl_zone_rule *rule, int64_t year)
{
    int64_t first = fl_civil_days(year, 1, 1);
    if (rule->kind == '0')
        return first + rule->day;
    if (rule->kind == 'J')
        return first + rule->day - 1 + (rule->day >= 60 && is_leap(year));
    int64_t month = fl_civil_days(year, rule->month, 1);
    int64_t next = fl_civil_days(year + rule->month / 12, rule->month % 12 + 1, 1);
    int64_t day = month + (rule->day + 7 - fl_civil_weekday(month)) % 7 + 7 * (rule->week - 1);
    return day < next ? day : day - 7;
}

int32_t fl_zone_rules_offset(const fl_zone *zone, int64_t time, int64_t *until)
{
    int32_t offset = zone->standard;
    int64_t last = INT64_MIN, year = fl_civil_of(fl_floor(time, FL_CIVIL_DAY)).year;
    *until = FL_ZONE_FOREVER;
    if (!zone->has_rules)
        return offset;
    for (int64_t y = year - 1; y <= year + 1; y++)
        for (unsigned i = 0; i < 2; i++) {
            const fl_zone_rule *rule = i ? &zone->ends : &zone->begins;
            int64_t change =
                day_of(rule, y) * FL_CIVIL_DAY + rule->at - (i ? zone->summer : zone->standard);
            if (change > time) {
                *until = change < *until ? change : *until;
            } else if (change >= last) {
                last = change;
                offset = i ? zone->standard : zone->summer;
            }
        }
    return offset;
}
