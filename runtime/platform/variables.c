/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/variables.h>

#include <runtime/platform/error.h>
#include <runtime/platform/text/spelling.h>

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const char prefix[] = "FILCH_";

#define NAME(name) [FL_ENV_##name] = "FILCH_" #name,
const char *const fl_variables[FL_ENV_COUNT] = {FL_VARIABLES(NAME)};
#undef NAME

/* The variable closest to an unknown `name`. NULL: `name` is known, or close to none. */
static const char *meant(const char *name, size_t length)
{
    const char *nearest = NULL;
    unsigned smallest = FL_SPELLING_LONGEST;
    if (length >= FL_SPELLING_LONGEST)
        return NULL;
    for (unsigned i = 0; i < FL_ENV_COUNT; i++) {
        const char *known = fl_variables[i] + strlen(prefix);
        unsigned far = fl_spelling_distance(name, length, known, strlen(known));
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
    if (getauxval(AT_SECURE)) /* a setuid program reads none */
        return 0;
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
