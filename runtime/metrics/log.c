/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A line grows in a buffer of which TAIL bytes stay free, for the mark and the end. A field that
 * does not fit before them is cut inside a text, between two characters, or removed; then only the
 * mark is added. */
#include <runtime/metrics/log.h>

#include <runtime/metrics/number_text.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/text/text_builder.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char mark[] = ",\"truncated\":true", end[] = "}\n";
enum { TAIL = sizeof mark + sizeof end - 2 };

static const char *const names[FILCH_LOG_OFF] = {"debug", "info", "warn", "error"};

typedef struct line {
    fl_text text; /* room: without the tail */
    bool truncated;
} line;

static void put(line *to, const char *text)
{
    fl_text_put(&to->text, text, strlen(text));
}

/* ---- Texts ---- */

/* Writes the character at `text` in JSON; returns its number of bytes there. */
static unsigned escape(char out[8], const char *text)
{
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    unsigned size = fl_utf8(text);
    const char *found = size == 1 ? strchr(special, *text) : NULL;
    if (!size)
        strcpy(out, "\\ufffd");
    else if (found)
        snprintf(out, 8, "\\%c", letters[found - special]);
    else if (size == 1 && (unsigned char)*text < 0x20)
        snprintf(out, 8, "\\u%04x", (unsigned)*text & 0x1f);
    else
        snprintf(out, 8, "%.*s", (int)size, text);
    return size ? size : 1;
}

/* The number of bytes, up to `most`, that are written unchanged. */
static size_t plain(const char *text, size_t most)
{
    size_t n = 0;
    while (n < most && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

/* As much of it as leaves room for the closing quote. */
static void put_text(line *to, const char *text)
{
    put(to, "\"");
    while (*text) {
        char one[8];
        size_t full = to->text.length + 1, room = to->text.room;
        size_t many = plain(text, full < room ? room - full : 0);
        if (many) {
            fl_text_put(&to->text, text, many);
            text += many;
            continue;
        }
        unsigned size = escape(one, text);
        if (to->text.length + strlen(one) >= to->text.room) {
            to->truncated = true;
            break;
        }
        put(to, one);
        text += size;
    }
    put(to, "\"");
}

static void put_hex(line *to, const char *name, const uint8_t *bytes, unsigned count)
{
    static const char digits[] = "0123456789abcdef";
    put(to, name);
    for (unsigned i = 0; i < count; i++) {
        const char two[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        fl_text_put(&to->text, two, sizeof two);
    }
    put(to, "\"");
}

/* ---- Fields ---- */

static void put_value(line *to, const filch_log_field *field)
{
    char number[FL_SPELLED] = "null";
    double value = field->kind == FILCH_LOG_KIND_FLOAT ? field->as.number : 0;
    switch (field->kind) {
    case FILCH_LOG_KIND_INT:
        snprintf(number, sizeof number, "%lld", (long long)field->as.integer);
        break;
    case FILCH_LOG_KIND_BOOL:
        strcpy(number, field->as.integer ? "true" : "false");
        break;
    case FILCH_LOG_KIND_FLOAT:
        if (value - value == 0)
            fl_spell_double(number, value);
        break;
    default:
        if (field->as.text) {
            put_text(to, field->as.text);
            return;
        }
    }
    put(to, number);
}

static void put_trace(line *to, const filch_traceparent *trace)
{
    put_hex(to, ",\"trace_id\":\"", trace->trace, sizeof trace->trace);
    put_hex(to, ",\"span_id\":\"", trace->span, sizeof trace->span);
    put(to, trace->flags & FILCH_TRACEPARENT_SAMPLED ? ",\"sampled\":true" : ",\"sampled\":false");
}

/* Whole, or with its text cut, or not at all. */
static void put_field(line *to, const filch_log_field *field)
{
    size_t before = to->text.length;
    if (field->kind == FILCH_LOG_KIND_TRACE) {
        if (field->as.trace)
            put_trace(to, field->as.trace);
    } else {
        put(to, ",");
        put_text(to, field->name);
        put(to, ":");
        bool whole = !to->truncated; /* half a name is none */
        put_value(to, field);
        if (!whole)
            to->text.length = to->text.room + 1;
    }
    if (to->text.length > to->text.room) {
        to->text.length = before;
        to->truncated = true;
    }
}

/* ---- Time: RFC 3339, in microseconds ---- */

/* Days since 1970 began as a date of the Gregorian calendar; years begin in March, so that a leap
 * day is a year's last, and 400 of them have 146,097 days. (H. Hinnant, chrono-Compatible Low-Level
 * Date Algorithms, civil_from_days.) */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468; /* since 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int in_era = (int)(days - era * 146097);
    int of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
    int from_march = (5 * in_year + 2) / 153;
    *day = in_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = era * 400 + of_era + (*month <= 2);
}

static void put_time(line *to, int64_t at)
{
    char text[64];
    int64_t us = at / 1000 - (at % 1000 < 0), second = us / 1000000 - (us % 1000000 < 0);
    int64_t days = second / 86400 - (second % 86400 < 0), year;
    int month, day, of_day = (int)(second - days * 86400);
    date_of(days, &year, &month, &day);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)year, month, day,
             of_day / 3600, of_day / 60 % 60, of_day % 60, (int)(us - second * 1000000));
    put(to, text);
}

/* ---- Lines ---- */

size_t fl_log_line(char out[FILCH_LOG_LINE], const filch_log_keys *keys, int64_t at,
                   filch_log_level level, const char *message, const filch_log_field *fields,
                   size_t count)
{
    line to = {.text = {.at = out, .room = FILCH_LOG_LINE - TAIL}};
    put(&to, "{\"");
    put(&to, keys->time);
    put(&to, "\":\"");
    put_time(&to, at);
    put(&to, "\",\"");
    put(&to, keys->level);
    put(&to, "\":\"");
    put(&to, names[level]);
    put(&to, "\",\"");
    put(&to, keys->message);
    put(&to, "\":");
    put_text(&to, message ? message : "");
    for (size_t i = 0; i < count && !to.truncated; i++)
        put_field(&to, &fields[i]);
    to.text.room = FILCH_LOG_LINE;
    if (to.truncated)
        put(&to, mark);
    put(&to, end);
    return to.text.length;
}

/* ---- Logs ---- */

static const filch_log_keys standard = {"time", "level", "message"};

static int check_keys(const filch_log_keys *keys)
{
    enum { LONGEST = 64 };
    const char *const all[] = {keys->time, keys->level, keys->message, "truncated"};
    for (unsigned i = 0; i < 3; i++) {
        size_t size = strnlen(all[i], LONGEST + 1);
        if (!size || size > LONGEST || plain(all[i], size) < size)
            return fl_fail(EINVAL,
                           "a log's key '%.64s' is not 1 .. %d bytes of ASCII without \" "
                           "and \\; choose another",
                           all[i], LONGEST);
        for (unsigned k = i + 1; k < 4; k++)
            if (!strcmp(all[i], all[k]))
                return fl_fail(EINVAL, "a log's key '%s' is used twice; choose another", all[i]);
    }
    return 0;
}

int fl_log_keys_complete(filch_log_keys *out, const filch_log_keys *keys)
{
    filch_log_keys whole = keys ? *keys : standard;
    whole.time = whole.time ? whole.time : standard.time;
    whole.level = whole.level ? whole.level : standard.level;
    whole.message = whole.message ? whole.message : standard.message;
    int rc = check_keys(&whole);
    if (!rc)
        *out = whole;
    return rc;
}

static int refuse_level(filch_log_level least)
{
    if ((unsigned)least <= FILCH_LOG_OFF)
        return 0;
    return fl_fail(EINVAL, "unknown log level %d; see filch_log_level", (int)least);
}

int filch_log_init(filch_log *log, filch_log_level least, filch_log_fn *fn, void *arg)
{
    FL_GIVEN(log);
    FL_GIVEN(fn);
    int rc = refuse_level(least);
    if (!rc)
        *log = (filch_log){.fn = fn, .arg = arg, .least = {(uint32_t)least}, .keys = standard};
    return rc;
}

int filch_log_set_level(filch_log *log, filch_log_level least)
{
    FL_GIVEN(log);
    int rc = refuse_level(least);
    if (!rc) /* relaxed: a level; nothing else depends on it */
        filch_u32_store(&log->least, (uint32_t)least, FILCH_RELAXED);
    return rc;
}

int filch_log_set_keys(filch_log *log, const filch_log_keys *keys)
{
    FL_GIVEN(log);
    return fl_log_keys_complete(&log->keys, keys);
}

void filch_log_write(const filch_log *log, filch_log_level level, const char *message,
                     const filch_log_field *fields, size_t count)
{
    FL_MUST_GIVE(log);
    char text[FILCH_LOG_LINE];
    if (!filch_log_enabled(log, level) || (unsigned)level >= FILCH_LOG_OFF)
        return;
    size_t size = fl_log_line(text, &log->keys, fl_unix_now(), level, message, fields, count);
    log->fn(text, size, log->arg);
}

void filch_log_to_fd(const char *text, size_t size, void *arg)
{
    while (write((int)(intptr_t)arg, text, size) < 0 && errno == EINTR)
        ;
}
