/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/zone.h>

#include <runtime/service/civil.h>
#include <runtime/service/zone_rules.h>

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <filch/base.h>

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
