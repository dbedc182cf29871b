/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * tracestate (W3C Trace Context, section 3.3): KEY=VALUE, ..., with a limit on the members and on
 * the text. A state is read into a list of members that point into texts, changed there, and
 * written anew. */
#include <filch/traceparent.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <string.h>

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
        return fl_fail(EINVAL, "this is no tracestate; continue without one");
    }
    shorten(&all, LONG);
    shorten(&all, 0);
    write_members(state->text, &all);
    state->members = (uint8_t)count;
    return 0;
}
