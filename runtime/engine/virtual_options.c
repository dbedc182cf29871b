/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/virtual_options.h>

#include <runtime/platform/error.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 100, STEPS = 10000 /* that PCT expects without `steps` */ };
#define COUNT_MOST (UINT64_C(1) << 40)

static int unknown(const char *one)
{
    return fl_fail(EINVAL,
                   "unknown option '%s' of FILCH_EXPLORE (valid: depth=D, steps=N, limit=N, "
                   "replay=FILE, record=FILE)",
                   one);
}

static int read_number(uint64_t *out, const char *name, const char *text, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < 1 || value > most)
        return fl_fail(EINVAL, "FILCH_EXPLORE: %s '%s' is out of range (1 to %llu)", name, text,
                       (unsigned long long)most);
    *out = value;
    return 0;
}

static int read_option(fl_virtual_options *out, char *one)
{
    uint64_t depth = 0;
    const struct {
        const char *name;
        uint64_t *number;
        uint64_t most;
        const char **file;
    } options[] = {{"depth", &depth, DEPTH_MOST, NULL},
                   {"steps", &out->steps, COUNT_MOST, NULL},
                   {"limit", &out->limit, COUNT_MOST, NULL},
                   {"replay", NULL, 0, &out->replay},
                   {"record", NULL, 0, &out->record}};
    char *value = strchr(one, '=');
    if (!value)
        return unknown(one);
    *value++ = '\0';
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(one, options[i].name) != 0)
            continue;
        if (options[i].file) {
            *options[i].file = value;
            return *value ? 0 : fl_fail(EINVAL, "FILCH_EXPLORE: %s without a file; name one", one);
        }
        int rc = read_number(options[i].number, one, value, options[i].most);
        if (depth)
            out->depth = (unsigned)depth;
        return rc;
    }
    return unknown(one);
}

int fl_virtual_options_read(fl_virtual_options *out, const char *text)
{
    out->steps = STEPS;
    char *list = text && *text ? strdup(text) : NULL, *rest = list; /* the files' names lie in it */
    if (text && *text && !list)
        return fl_fail(ENOMEM, "no memory for FILCH_EXPLORE; free some");
    int rc = 0;
    while (!rc && rest)
        rc = read_option(out, strsep(&rest, ","));
    if (rc)
        free(list);
    return rc;
}
