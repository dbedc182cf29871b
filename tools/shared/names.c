/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "names.h"

#include <runtime/platform/text/spelling.h>
#include <stdio.h>
#include <string.h>

void names_join(char *text, size_t size, const char *const *names)
{
    *text = '\0';
    for (; *names; names++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s", length ? ", " : "", *names);
    }
}

const char *names_nearest(const char *name, const char *const *names)
{
    const size_t length = strlen(name);
    unsigned least = length > 4 ? 3 : 2; /* letters, and no more than this */
    const char *found = NULL;
    for (; *names && length < FL_SPELLING_LONGEST; names++) {
        unsigned far = fl_spelling_distance(name, length, *names, strlen(*names));
        if (far < least) {
            least = far;
            found = *names;
        }
    }
    return length ? found : NULL;
}

void names_refuse(const char *program, const char *what, const char *name, const char *const *names)
{
    char list[1024];
    const char *meant = names_nearest(name, names);
    names_join(list, sizeof list, names);
    if (*name)
        fprintf(stderr, "%s: unknown %s '%.40s' (valid: %s)", program, what, name, list);
    else
        fprintf(stderr, "%s: a %s is missing (valid: %s)", program, what, list);
    if (meant)
        fprintf(stderr, "; did you mean %s %s?", program, meant);
    fprintf(stderr, "; see %s --help\n", program);
}
