/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The grammar of filch_trace_start and FILCH_TRACE: a list of options, separated by commas. */
#include <runtime/engine/trace_options.h>

#include <runtime/platform/error.h>

#include <filch/atomic.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_LEAST = 1 << 20 };
#define LIMIT UINT64_C(1073741824) /* without an option */

static int no_memory(void)
{
    return fl_fail(ENOMEM, "no memory to begin a trace; free some");
}

/* Bytes, with K, M or G behind them or not. false: it is no such text. */
static bool read_size(const char *text, uint64_t *out)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno || end == text || *text == '-' || (*end && (!unit || end[1])) ||
        number > UINT64_MAX >> shift)
        return false;
    *out = (uint64_t)number << shift;
    return true;
}

static int read_option(fl_trace_options *out, const char *one)
{
    static const char limit[] = "limit=", full[] = "full=";
    static const char *const levels[] = {[FL_TRACE_STEALS] = "steals", [FL_TRACE_TASKS] = "tasks"};
    for (unsigned i = 0; i < FL_TRACE_LEVELS; i++)
        if (strcmp(one, levels[i]) == 0) {
            out->level = (enum fl_trace_level)i;
            return 0;
        }
    if (strncmp(one, limit, strlen(limit)) == 0) {
        if (read_size(one + strlen(limit), &out->limit) && out->limit >= LIMIT_LEAST)
            return 0;
        return fl_fail(EINVAL, "trace limit '%s' is out of range (1M or more, such as 256M or 4G)",
                       one + strlen(limit));
    }
    if (strncmp(one, full, strlen(full)) == 0) {
        out->overwrites = strcmp(one + strlen(full), "overwrite") == 0;
        if (out->overwrites || strcmp(one + strlen(full), "stop") == 0)
            return 0;
    }
    return fl_fail(
        EINVAL,
        "unknown trace option '%s' (valid: steals, tasks, limit=SIZE, full=stop, full=overwrite)",
        one);
}

/* The file's name with the process in it; NULL: no memory. */
static char *expand(const char *file, size_t length)
{
    enum { DIGITS = 24 };
    const char *place = memmem(file, length, "%p", 2);
    int before = (int)(place ? (size_t)(place - file) : length);
    int after = place ? (int)length - before - 2 : 0;
    char process[DIGITS] = "", *out = malloc(length + DIGITS);
    if (place)
        snprintf(process, sizeof process, "%ld", (long)getpid());
    if (out)
        snprintf(out, length + DIGITS, "%.*s%s%.*s", before, file, process, after,
                 place ? place + 2 : "");
    return out;
}

static int read_all(fl_trace_options *out, const char *file, size_t length, const char *options)
{
    *out = (fl_trace_options){.limit = LIMIT};
    if (!length)
        return fl_fail(EINVAL, "a trace without a file; name one");
    out->file = expand(file, length);
    char *list = strdup(options ? options : ""), *rest = list && *list ? list : NULL;
    int rc = out->file && list ? 0 : no_memory();
    while (!rc && rest)
        rc = read_option(out, strsep(&rest, ","));
    free(list);
    if (rc) {
        free(out->file);
        out->file = NULL;
    }
    return rc;
}

int fl_trace_options_read(fl_trace_options *out, const char *file, const char *options)
{
    return read_all(out, file, file ? strlen(file) : 0, options);
}

/* The files of the next runtimes of this process have a number behind their names. */
static int number(fl_trace_options *out)
{
    static filch_u32 given;
    uint32_t before = filch_u32_add(&given, 1, FILCH_RELAXED); /* a number */
    if (!before)
        return 0;
    size_t size = strlen(out->file) + sizeof ".4294967295";
    char *numbered = malloc(size);
    if (numbered)
        snprintf(numbered, size, "%s.%u", out->file, before + 1);
    free(out->file);
    out->file = numbered;
    return numbered ? 0 : no_memory();
}

int fl_trace_options_of(fl_trace_options *out, const char *given)
{
    *out = (fl_trace_options){0};
    if (!given)
        return 0;
    size_t length = strcspn(given, ",");
    int rc = read_all(out, given, length, given[length] ? given + length + 1 : NULL);
    return rc ? rc : number(out);
}
