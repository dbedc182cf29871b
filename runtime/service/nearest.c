/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/nearest.h>

#include <runtime/platform/spelling.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Appends a name, or ", ..." where the next ones have no room. */
static bool add(char *text, size_t size, const char *separator, const char *name)
{
    static const char more[] = ", ...";
    size_t used = strlen(text);
    bool fits = used + strlen(separator) + strlen(name) + sizeof more <= size;
    snprintf(text + used, size - used, "%s%s", fits ? separator : more, fits ? name : "");
    return fits;
}

static const char *separator_in(const char *text)
{
    return strchr(text, ' ') ? ", " : " ";
}

/* Names that begin with this one. */
static unsigned add_longer(const char *name, const char *const *names, char *text, size_t size)
{
    unsigned found = 0;
    for (; *names; names++)
        if (strncmp(name, *names, strlen(name)) == 0)
            found += add(text, size, separator_in(text), *names);
    return found;
}

/* Names at exactly this distance. */
static unsigned add_at(unsigned far, const char *name, const char *const *names, char *text,
                       size_t size)
{
    const size_t length = strlen(name);
    unsigned found = 0;
    for (; *names; names++)
        if (strlen(*names) < FL_SPELLING_LONGEST &&
            fl_spelling_distance(name, length, *names, strlen(*names)) == far) {
            if (!add(text, size, separator_in(text), *names))
                break;
            found++;
        }
    return found;
}

void fl_nearest(const char *name, const char *const *names, char *text, size_t size)
{
    const size_t length = strlen(name);
    const unsigned close = length <= 4 ? 1 : length <= 8 ? 2 : 3;
    unsigned found = 0;
    snprintf(text, size, "nearest:");
    for (unsigned far = 0; far <= close && length < FL_SPELLING_LONGEST && !found; far++)
        found = add_at(far, name, names, text, size);
    if (found || (*name && add_longer(name, names, text, size)))
        return;
    snprintf(text, size, "valid:");
    while (*names && add(text, size, separator_in(text), *names))
        names++;
}
