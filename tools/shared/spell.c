/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "spell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

/* Reads what begins with a digit: strtod and strtoul take more than people mean. */
static bool begins_with_digit(const char *text)
{
    return *text >= '0' && *text <= '9';
}

bool spell_duration(const char *text, int64_t most, int64_t *out)
{
    char *end;
    double number = begins_with_digit(text) ? strtod(text, &end) : -1;
    if (number < 0)
        return false;
    double ns = number > 0 || *end ? -1 : 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].name) == 0)
            ns = number * units[i].ns;
    if (!(ns >= 0 && ns <= (double)most))
        return false;
    *out = (int64_t)llround(ns);
    return true;
}

const char *spell_limit(int64_t ns, char *text, size_t size)
{
    size_t unit = sizeof units / sizeof units[0] - 1;
    while (unit > 0 && (ns == 0 || ns % (int64_t)units[unit].ns))
        unit--;
    snprintf(text, size, "%lld%s", (long long)(ns / (int64_t)units[unit].ns),
             ns ? units[unit].name : "");
    return text;
}

bool spell_number(const char *text, double least, double most, double *out)
{
    char *end;
    double number = begins_with_digit(text) ? strtod(text, &end) : NAN;
    if (!(number >= least && number <= most) || *end)
        return false;
    *out = number;
    return true;
}

bool spell_count(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
    char *end;
    if (!begins_with_digit(text))
        return false;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno || *end || number < least || number > most)
        return false;
    *out = number;
    return true;
}
