/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/config_ranges.h>

#include <runtime/platform/error.h>

#include <errno.h>
#include <string.h>

static int64_t get(const char *at, size_t size)
{
    unsigned narrow = 0;
    int64_t wide = 0;
    memcpy(size == sizeof wide ? (void *)&wide : (void *)&narrow, at, size);
    return size == sizeof wide ? wide : narrow;
}

static void put(char *at, size_t size, int64_t wide)
{
    unsigned narrow = (unsigned)wide;
    memcpy(at, size == sizeof wide ? (void *)&wide : (void *)&narrow, size);
}

int fl_fields_complete(void *config, const fl_field *fields, size_t count, const char *whose)
{
    for (const fl_field *one = fields; one < fields + count; one++) {
        char *at = (char *)config + one->offset;
        int64_t value = get(at, one->size);
        if (!value)
            put(at, one->size, one->standard);
        else if (value < one->least || value > one->most)
            return fl_fail(EINVAL, "%s with %s = %lld; give it %lld to %lld, or 0", whose,
                           one->name, (long long)value, (long long)one->least,
                           (long long)one->most);
    }
    return 0;
}
