/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "names.h"

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

int names_choose(const char *name, const char *what, const char *const *names,
                 const struct argp_state *state)
{
    char list[1024];
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    names_join(list, sizeof list, names);
    argp_error(state, "unknown %s '%s' (valid: %s)", what, name, list);
    return 0;
}
