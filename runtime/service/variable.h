/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Variables of an environment that was handed over: "NAME=value" each, NULL at the end; NULL: it has none. */
#ifndef FL_VARIABLE_H
#define FL_VARIABLE_H

#include <stddef.h>
#include <string.h>

/* The whole entry; NULL: the variable is not set. */
static inline char *fl_variable_entry(char *const *environment, const char *name)
{
    const size_t length = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment;
    return NULL;
}

/* Its value; NULL: the variable is not set. */
static inline const char *fl_variable(char *const *environment, const char *name)
{
    const char *entry = fl_variable_entry(environment, name);
    return entry ? entry + strlen(name) + 1 : NULL;
}

#endif
