/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "names.h"

#include <ctype.h>
#include <runtime/platform/text/spelling.h>
#include <stdio.h>
#include <string.h>

void names_add(names_list *list, const char *name)
{
    if (list->count < NAMES_MOST)
        list->at[list->count++] = name;
}

void names_add_rows(names_list *list, const void *const *rows)
{
    for (; *rows; rows++)
        names_add(list, *(const char *const *)*rows);
}

void names_join(char *text, size_t size, const char *const *list)
{
    *text = '\0';
    for (; *list; list++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s", length ? ", " : "", *list);
    }
}

const char *names_nearest(const char *name, const char *const *list)
{
    const size_t length = strlen(name);
    unsigned least = fl_spelling_close(length) + 1;
    const char *found = NULL;
    for (; *list && length < FL_SPELLING_LONGEST; list++) {
        const size_t other = strlen(*list);
        unsigned far =
            other < FL_SPELLING_LONGEST ? fl_spelling_distance(name, length, *list, other) : least;
        if (far < least) {
            least = far;
            found = *list;
        }
    }
    return length ? found : NULL;
}

const char *names_allowed(char text[NAMES_ALLOWED], const char *name, const char *const *list)
{
    const char *meant = names_nearest(name, list);
    int used = snprintf(text, NAMES_ALLOWED, "%s%s%svalid: ", meant ? "nearest: " : "",
                        meant ? meant : "", meant ? "; " : "");
    names_join(text + used, NAMES_ALLOWED - (size_t)used, list);
    return text;
}

/* Refuses an option before the subcommand: its place is after it, "filch SUBCOMMAND --json ...". */
static void refuse_option(const char *program, const char *what, const char *option)
{
    static const char *const own[] = {"--help", "--version", NULL};
    const int length = (int)strcspn(option, "=");
    char name[FL_SPELLING_LONGEST], place[FL_SPELLING_LONGEST];
    snprintf(name, sizeof name, "%.*s", length, option);
    const char *meant = names_nearest(name, own);
    snprintf(place, sizeof place, "%s", what);
    for (char *at = place; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    if (meant)
        fprintf(stderr, "%s: unknown option %s (nearest: %s)", program, name, meant);
    else
        fprintf(stderr, "%s: option %s must follow the %s (write %s %s %s ...)", program, name,
                what, program, place, name);
}

void names_refuse(const char *program, const char *what, const char *name, const char *const *list)
{
    char allowed[NAMES_ALLOWED];
    names_allowed(allowed, name, list);
    if (*name == '-' && name[strspn(name, "-")])
        refuse_option(program, what, name);
    else if (*name)
        fprintf(stderr, "%s: unknown %s '%.40s' (%s)", program, what, name, allowed);
    else
        fprintf(stderr, "%s: a %s is missing (%s)", program, what, allowed);
    fprintf(stderr, "; see %s --help\n", program);
}
