/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/periodic/time_zone.h>

#include <filch/base.h>

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MOST = 1 << 20,
    HEADER = 44, /* bytes: magic, version, reserved, six counts */
    PLACE = 20,  /* of the counts */
    TYPE = 6,    /* bytes of a type of local time: offset, summer, name */
};

/* ---- Fixed offsets ---- */

static bool read_fixed(const char *name, fl_zone *out)
{
    unsigned hours, minutes;
    char sign, rest;
    if (strlen(name) != 6 || sscanf(name, "%c%2u:%2u%c", &sign, &hours, &minutes, &rest) != 3 ||
        (sign != '+' && sign != '-') || hours > 23 || minutes > 59 ||
        strspn(name + 1, "0123456789:") != 5)
        return false;
    out->offset = (int32_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

/* ---- Files ---- */

typedef struct counts {
    size_t utc, standard, leaps, times, types, names;
} counts;

static uint32_t number_at(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return be32toh(number);
}

static int64_t time_at(const char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return (int64_t)be64toh(number);
}

/* false: no header, or counts that cannot be. */
static bool read_counts(const char *at, size_t left, counts *out)
{
    size_t *const all[] = {&out->utc,   &out->standard, &out->leaps,
                           &out->times, &out->types,    &out->names};
    if (left < HEADER || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    for (unsigned i = 0; i < 6; i++) {
        *all[i] = number_at(at + PLACE + 4 * i);
        if (*all[i] > FILE_MOST)
            return false;
    }
    return out->types > 0 && !out->leaps; /* leap seconds are none of Unix time */
}

/* The bytes of a block whose times have `width` bytes. */
static size_t block(const counts *of, size_t width)
{
    return of->times * (width + 1) + of->types * TYPE + of->names + of->leaps * (width + 4) +
           of->standard + of->utc;
}

/* false: a type that is not there, or times that do not rise. */
static bool read_changes(const char *at, const counts *of, fl_zone *out)
{
    const char *kinds = at + of->times * 8, *types = kinds + of->times;
    out->offset = (int32_t)number_at(types);
    out->times = calloc(of->times + 1, sizeof *out->times);
    out->offsets = calloc(of->times + 1, sizeof *out->offsets);
    if (!out->times || !out->offsets)
        return false;
    for (size_t i = 0; i < of->times; i++) {
        size_t kind = (unsigned char)kinds[i];
        out->times[i] = time_at(at + 8 * i);
        if (kind >= of->types || (i && out->times[i] <= out->times[i - 1]))
            return false;
        out->offsets[i] = (int32_t)number_at(types + TYPE * kind);
        out->count++;
    }
    return true;
}

static bool is_plausible(const fl_zone *zone)
{
    int32_t most = FL_CIVIL_DAY + FL_CIVIL_DAY / 12; /* 26 hours, as RFC 8536 has it */
    bool is = abs(zone->offset) < most;
    for (size_t i = 0; i < zone->count; i++)
        is = is && abs(zone->offsets[i]) < most;
    return is;
}

/* The block with times of 32 bits, that with 64, and the rules for later years between newlines. */
static bool read_file(const char *bytes, size_t size, fl_zone *out)
{
    counts of;
    if (!read_counts(bytes, size, &of) || size - HEADER < block(&of, 4))
        return false;
    size_t at = HEADER + block(&of, 4);
    if (!read_counts(bytes + at, size - at, &of) || size - at - HEADER < block(&of, 8))
        return false;
    at += HEADER;
    size_t end = at + block(&of, 8);
    if (!read_changes(bytes + at, &of, out) || !is_plausible(out) || end + 2 > size ||
        bytes[end] != '\n')
        return false;
    const char *close = memchr(bytes + end + 1, '\n', size - end - 1);
    return close && fl_zone_rules_read(bytes + end + 1, (size_t)(close - bytes) - end - 1, out);
}

static bool is_name(const char *name)
{
    static const char valid[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    return *name && *name != '/' && strlen(name) < 64 && !name[strspn(name, valid)];
}

static int read_named(const char *name, fl_zone *out)
{
    char path[128], *bytes = malloc(FILE_MOST);
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = bytes && is_name(name) ? fopen(path, "re") : NULL;
    size_t size = file ? fread(bytes, 1, FILE_MOST, file) : 0;
    bool read = size && size < FILE_MOST && read_file(bytes, size, out);
    if (file)
        fclose(file);
    free(bytes);
    return read ? 0
                : filch_error_set(-EINVAL,
                                  "unknown time zone '%.64s' (valid: UTC, +02:00, or a name below "
                                  "/usr/share/zoneinfo such as Europe/Berlin; Debian: tzdata)",
                                  name);
}

int fl_zone_open(fl_zone *out, const char *name)
{
    *out = (fl_zone){0};
    if (!name || !*name || strcmp(name, "UTC") == 0 || read_fixed(name, out))
        return 0;
    int rc = read_named(name, out);
    if (rc)
        fl_zone_close(out);
    return rc;
}

void fl_zone_close(fl_zone *zone)
{
    free(zone->times);
    free(zone->offsets);
    *zone = (fl_zone){0};
}

/* ---- Offsets ---- */

int32_t fl_zone_offset(const fl_zone *zone, int64_t time, int64_t *until)
{
    size_t low = 0, high = zone->count; /* the first change after `time` is in low..high */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->times[middle] <= time)
            low = middle + 1;
        else
            high = middle;
    }
    *until = low < zone->count ? zone->times[low] : FL_ZONE_FOREVER;
    if (low == zone->count && zone->has_tail)
        return fl_zone_rules_offset(zone, time, until);
    return low ? zone->offsets[low - 1] : zone->offset;
}

/* ---- Rules ---- */

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

/* ---- Offsets by rules ---- */

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
