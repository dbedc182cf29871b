/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "spell.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Reads what begins with a digit: strtod and strtoul take more than people mean. */
static bool begins_with_digit(const char *text)
{
    return *text >= '0' && *text <= '9';
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
