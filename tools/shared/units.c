/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "units.h"

#include <stdio.h>

/* Three significant digits with the unit that suits. */
static const char *with_unit(double value, const char *const *units, double step, char *text,
                             size_t size)
{
    while (units[1] && value >= 999.5) {
        value /= step;
        units++;
    }
    snprintf(text, size, "%.*f%s", value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value, *units);
    return text;
}

const char *time_text(double seconds, char *text, size_t size)
{
    static const char *const units[] = {" us", " ms", " s", NULL};
    return with_unit(seconds * 1e6, units, 1000, text, size);
}

const char *count_text(double count, char *text, size_t size)
{
    static const char *const units[] = {"", " k", " M", " G", NULL};
    if (count < 1000 && count == (double)(long)count) {
        snprintf(text, size, "%.0f", count);
        return text;
    }
    return with_unit(count, units, 1000, text, size);
}
