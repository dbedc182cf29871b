/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/variables.h>

#include <runtime/platform/error.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 32 /* bytes of a name that is compared */ };
static const char prefix[] = "FILCH_";

#define NAME(name) [FL_ENV_##name] = "FILCH_" #name,
const char *const fl_variables[FL_ENV_COUNT] = {FL_VARIABLES(NAME)};
#undef NAME

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be inserted, removed, replaced or exchanged with their neighbour to get
 * from one name to the other (optimal string alignment). Both are shorter than LONGEST. */
static unsigned distance(const char *from, size_t from_length, const char *to, size_t to_length)
{
    unsigned row[3][LONGEST]; /* the current one, and the two before */
    for (unsigned j = 0; j <= to_length; j++)
        row[0][j] = j;
    for (unsigned i = 1; i <= from_length; i++) {
        unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *higher = row[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= to_length; j++) {
            bool differ = from[i - 1] != to[j - 1];
            now[j] = least(above[j - 1] + differ, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                now[j] = least(now[j], higher[j - 2] + 1);
        }
    }
    return row[from_length % 3][to_length];
}

/* The variable closest to an unknown `name`. NULL: `name` is known, or close to none. */
static const char *meant(const char *name, size_t length)
{
    const char *nearest = NULL;
    unsigned smallest = LONGEST;
    if (length >= LONGEST)
        return NULL;
    for (unsigned i = 0; i < FL_ENV_COUNT; i++) {
        const char *known = fl_variables[i] + strlen(prefix);
        unsigned far = distance(name, length, known, strlen(known));
        unsigned close = strlen(known) <= FL_VARIABLE_SHORT ? 1 : 2;
        if (!far)
            return NULL;
        if (far <= close && far < smallest) {
            smallest = far;
            nearest = fl_variables[i];
        }
    }
    return nearest;
}

int fl_variables_check(void)
{
    for (char **one = environ; one && *one; one++) {
        if (strncmp(*one, prefix, strlen(prefix)) != 0)
            continue;
        const char *name = *one + strlen(prefix);
        size_t length = strcspn(name, "=");
        const char *nearest = meant(name, length);
        if (nearest)
            return fl_fail(EINVAL,
                           "unknown environment variable %s%.*s (nearest: %s); correct its name, "
                           "or unset it",
                           prefix, (int)length, name, nearest);
    }
    return 0;
}
