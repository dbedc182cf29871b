/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The end of a run: is it a failure, and which one? */
#include "child.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [RUN_PASSED] = "passed",         [RUN_EXITED] = "exited",
    [RUN_SIGNALLED] = "signalled",   [RUN_DEADLOCK] = "deadlock",
    [RUN_TIMED_OUT] = "timed out",   [RUN_NO_PROGRESS] = "no progress",
    [RUN_NO_RUNTIME] = "no runtime", [RUN_RACE] = "data race",
};

const char *run_end_name(const run *r)
{
    return names[r->end];
}

bool run_failed(const run *r)
{
    return r->end != RUN_PASSED && r->end != RUN_NO_RUNTIME;
}

const char *run_end_text(const run *r, char *text, size_t size)
{
    switch (r->end) {
    case RUN_EXITED:
        snprintf(text, size, "ended with status %d", r->code);
        break;
    case RUN_SIGNALLED:
        snprintf(text, size, "killed by signal %d (%s)", r->code, strsignal(r->code));
        break;
    case RUN_TIMED_OUT:
        snprintf(text, size, "did not end within %g s", r->order.timeout);
        break;
    default:
        snprintf(text, size, "%s", names[r->end]);
    }
    return text;
}

/* ---- The same failure ---- */

/* The line that tells the failure: the first one of the library, which may go on with a list, or else
 * the last one that is not empty. Its length goes to *length. */
static const char *telling_line(const run *r, size_t *length)
{
    static const char mark[] = "filch: ";
    const char *end = r->text + r->length;
    while (end > r->text && isspace((unsigned char)end[-1]))
        end--;
    const char *begin = memmem(r->text, (size_t)(end - r->text), mark, sizeof mark - 1);
    if (begin) {
        const char *line_end = memchr(begin, '\n', (size_t)(end - begin));
        end = line_end ? line_end : end;
    } else {
        begin = memrchr(r->text, '\n', (size_t)(end - r->text));
        begin = begin ? begin + 1 : r->text;
    }
    *length = (size_t)(end - begin);
    return begin;
}

/* The next letter that is no digit of a number, decimal or not; 0: none. */
static int next_letter(const char **at, const char *end)
{
    while (*at < end && isxdigit((unsigned char)**at))
        ++*at;
    return *at < end ? *(*at)++ : 0;
}

static bool same_but_for_numbers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const char *a_end = a + a_length, *b_end = b + b_length;
    int one, other;
    do {
        one = next_letter(&a, a_end);
        other = next_letter(&b, b_end);
    } while (one && one == other);
    return one == other;
}

/* The library ends the process in these cases, and says why. */
enum run_end run_told_end(const run *r)
{
    static const struct {
        const char *text;
        enum run_end end;
    } told[] = {
        {"filch: data race on ", RUN_RACE},
        {"filch: all fibers are asleep - deadlock", RUN_DEADLOCK},
    };
    size_t length;
    const char *line = telling_line(r, &length);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (length >= strlen(told[i].text) && !memcmp(line, told[i].text, strlen(told[i].text)))
            return told[i].end;
    return r->end;
}

bool run_same_failure(const run *a, const run *b)
{
    size_t a_length, b_length;
    if (a->end != b->end || a->code != b->code)
        return false;
    if (a->end == RUN_DEADLOCK || a->end == RUN_TIMED_OUT || a->end == RUN_NO_PROGRESS)
        return true;
    const char *one = telling_line(a, &a_length), *other = telling_line(b, &b_length);
    return same_but_for_numbers(one, a_length, other, b_length);
}
