/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * traceparent, version 00: VERSION-TRACE-SPAN-FLAGS, 2, 32, 16 and 2 digits, 0-9 and a-f (W3C Trace
 * Context, sections 3.2.2 and 4.1 to 4.3). */
#include <runtime/metrics/traceparent.h>

#include <filch/atomic.h>
#include <filch/traceparent.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { AT_TRACE = 3, AT_SPAN = 36, AT_FLAGS = 53, LENGTH = 55, VERSION_NONE = 0xff };

static const char digits[] = "0123456789abcdef";

/* -1: no digit. */
static int digit_of(char c)
{
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static bool read_bytes(uint8_t *to, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void write_bytes(char *to, const uint8_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
}

static bool any(const uint8_t *bytes, size_t count)
{
    uint8_t all = 0;
    for (size_t i = 0; i < count; i++)
        all |= bytes[i];
    return all;
}

bool fl_traceparent_is_whole(const filch_traceparent *trace)
{
    return any(trace->trace, sizeof trace->trace) && any(trace->span, sizeof trace->span);
}

/* Later versions may go on after another dash. */
static bool has_form(const char *text, size_t size, uint8_t version)
{
    return version != VERSION_NONE && text[AT_TRACE - 1] == '-' && text[AT_SPAN - 1] == '-' &&
           text[AT_FLAGS - 1] == '-' && (size == LENGTH || (version && text[LENGTH] == '-'));
}

int filch_traceparent_parse(filch_traceparent *out, const char *text, size_t size)
{
    FL_GIVEN(out);
    filch_traceparent trace;
    uint8_t version;
    if (!out || !text || size < LENGTH || !read_bytes(&version, 1, text) ||
        !has_form(text, size, version) ||
        !read_bytes(trace.trace, sizeof trace.trace, text + AT_TRACE) ||
        !read_bytes(trace.span, sizeof trace.span, text + AT_SPAN) ||
        !read_bytes(&trace.flags, 1, text + AT_FLAGS) || !fl_traceparent_is_whole(&trace))
        return fl_fail(EINVAL, "invalid traceparent; start a trace instead");
    trace.flags &= FILCH_TRACEPARENT_SAMPLED;
    *out = trace;
    return 0;
}

int filch_traceparent_format(const filch_traceparent *trace, char out[FILCH_TRACEPARENT_TEXT])
{
    FL_GIVEN(trace);
    out[0] = '\0';
    if (!fl_traceparent_is_whole(trace))
        return fl_fail(EINVAL, "a trace without ids; start one, or parse it");
    uint8_t flags = trace->flags & FILCH_TRACEPARENT_SAMPLED;
    memcpy(out, "00-", AT_TRACE);
    write_bytes(out + AT_TRACE, trace->trace, sizeof trace->trace);
    out[AT_SPAN - 1] = '-';
    write_bytes(out + AT_SPAN, trace->span, sizeof trace->span);
    out[AT_FLAGS - 1] = '-';
    write_bytes(out + AT_FLAGS, &flags, 1);
    out[LENGTH] = '\0';
    return 0;
}

/* If the system has no random bytes: the clock, and a count, mixed. */
static FILCH_COLD void make_up(uint8_t *to, size_t size)
{
    static filch_u64 tally;
    for (size_t i = 0; i < size; i++) {
        /* relaxed: a count; nothing else depends on it */
        uint64_t x = filch_u64_add(&tally, 1, FILCH_RELAXED) ^ (uint64_t)fl_now() << 16;
        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        to[i] = (uint8_t)(x >> 56);
    }
}

/* Ids, none of which is all zero. From the system each time: a generator in this process would
 * repeat itself after fork(). */
static void make_ids(filch_traceparent *out)
{
    uint8_t bytes[sizeof out->trace + sizeof out->span];
    do {
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            make_up(bytes, sizeof bytes);
        memcpy(out->trace, bytes, sizeof out->trace);
        memcpy(out->span, bytes + sizeof out->trace, sizeof out->span);
    } while (!fl_traceparent_is_whole(out));
}

void filch_traceparent_begin(filch_traceparent *out, bool sampled)
{
    FL_MUST_GIVE(out);
    make_ids(out);
    out->flags = sampled ? FILCH_TRACEPARENT_SAMPLED : 0;
}

void filch_traceparent_child(filch_traceparent *out, const filch_traceparent *parent)
{
    FL_MUST_GIVE(out);
    FL_MUST_GIVE(parent);
    filch_traceparent fresh;
    make_ids(&fresh);
    *out = *parent;
    memcpy(out->span, fresh.span, sizeof out->span);
}

/* ---- Tracestate ---- */

/* tracestate (W3C Trace Context, section 3.3): KEY=VALUE, ..., with a limit on the members and on
 * the text. A state is read into a list of members that point into texts, changed there, and
 * written anew. */

enum { KEY = 256, VALUE = 256, LONG = 128, MEMBERS = FILCH_TRACESTATE_MEMBERS };

typedef struct member {
    const char *at;
    size_t size, key; /* of it all; of the key */
} member;

typedef struct list {
    member all[MEMBERS];
    unsigned count;
    size_t length; /* of the text, without the NUL */
} list;

/* ---- One member ---- */

static bool is_of(const char *text, size_t size, const char *marks)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && !(c && strchr(marks, c)))
            return false;
    }
    return true;
}

static bool is_key(const char *text, size_t size)
{
    return size && size <= KEY && is_of(text, 1, "") && is_of(text, size, "_-*/@");
}

/* Its end is no blank: those were cut off. */
static bool is_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7e || text[i] == ',' || text[i] == '=')
            return false;
    return size && size <= VALUE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without the blanks around it. */
static member trimmed(const char *text, size_t size)
{
    while (size && is_blank(*text))
        text++, size--;
    while (size && is_blank(text[size - 1]))
        size--;
    return (member){.at = text, .size = size};
}

/* Finds the key. */
static bool is_member(member *one)
{
    const char *equals = memchr(one->at, '=', one->size);
    if (!equals)
        return false;
    one->key = (size_t)(equals - one->at);
    return is_key(one->at, one->key) && is_value(equals + 1, one->size - one->key - 1);
}

/* ---- Lists ---- */

static bool has_key(const list *of, const member *one)
{
    for (unsigned i = 0; i < of->count; i++)
        if (of->all[i].key == one->key && !memcmp(of->all[i].at, one->at, one->key))
            return true;
    return false;
}

static void put(list *to, member one)
{
    to->length += one.size + (to->count > 0);
    to->all[to->count++] = one;
}

/* Adds the members of a text, and counts them. */
static bool read_members(list *to, const char *text, size_t size, unsigned *count)
{
    for (const char *comma;; text = comma + 1) {
        comma = size ? memchr(text, ',', size) : NULL;
        size_t length = comma ? (size_t)(comma - text) : size;
        member one = trimmed(text, length);
        if (one.size) {
            if (++*count > MEMBERS || !is_member(&one))
                return false;
            if (!has_key(to, &one))
                put(to, one);
        }
        if (!comma)
            return true;
        size -= length + 1;
    }
}

/* Removes members from the end, as long as the text is too long; only those longer than `least`. */
static void shorten(list *of, size_t least)
{
    for (unsigned i = of->count; i-- && of->length >= FILCH_TRACESTATE_TEXT;) {
        if (of->all[i].size <= least)
            continue;
        of->length -= of->all[i].size + (of->count > 1);
        memmove(&of->all[i], &of->all[i + 1], (--of->count - i) * sizeof *of->all);
    }
}

static void write_members(char *to, const list *from)
{
    for (unsigned i = 0; i < from->count; i++) {
        if (i)
            *to++ = ',';
        memcpy(to, from->all[i].at, from->all[i].size);
        to += from->all[i].size;
    }
    *to = '\0';
}

/* The members that are there, and those of another text. */
static bool read_both(list *to, const filch_tracestate *there, const char *text, size_t size,
                      unsigned *count)
{
    *count = 0;
    if (there->refused || !read_members(to, there->text, strlen(there->text), count))
        return false;
    if (*count < there->members)
        *count = there->members;
    return read_members(to, text, size, count);
}

int filch_tracestate_add(filch_tracestate *state, const char *text, size_t size)
{
    FL_GIVEN(state);
    list all = {.count = 0};
    unsigned count;
    if (!state || (size && !text))
        return fl_fail(EINVAL, "filch_tracestate_add without a state or a text; give it both");
    filch_tracestate before = *state;
    if (!read_both(&all, &before, text, size, &count)) {
        *state = (filch_tracestate){.refused = true};
        return fl_fail(EINVAL, "invalid tracestate; continue without one");
    }
    shorten(&all, LONG);
    shorten(&all, 0);
    write_members(state->text, &all);
    state->members = (uint8_t)count;
    return 0;
}
