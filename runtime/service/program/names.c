/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys by name, their names in the environment, and the names that a misspelt one is close to. */
#include <filch/service_main.h>
#include <runtime/platform/spelling.h>
#include <runtime/service/program/keys.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const filch_service_defaults *own_defaults; /* set before threads are started */

void fl_key_defaults_set(const filch_service_defaults *defaults)
{
    own_defaults = defaults;
}

const char *fl_key_own_default(const fl_key *key)
{
    const filch_service_defaults *own = own_defaults;
    if (!own || key->scope != FL_KEY_OF_SERVICE)
        return NULL;
    const struct {
        const char *name, *text;
    } rows[] = {{"broker", own->broker},
                {"queues", own->queues},
                {"envelope", own->envelope},
                {"health-port", own->health_port}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, key->name) == 0)
            return rows[i].text;
    return NULL;
}

const fl_key *fl_key_of(fl_key_scope scope, const char *name, size_t length)
{
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope && strlen(key->name) == length &&
            memcmp(key->name, name, length) == 0)
            return key;
    return NULL;
}

void fl_key_variable(const fl_key *key, char *text, size_t size)
{
    snprintf(text, size, "FILCH_SERVICE_%s", key->name);
    for (char *at = text; *at; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
}

unsigned fl_key_names(fl_key_scope scope, const char **names)
{
    unsigned count = 0;
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope)
            names[count++] = key->name;
    return count;
}

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
    for (; *names && *name; names++)
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
    if (found || add_longer(name, names, text, size))
        return;
    snprintf(text, size, "valid:");
    while (*names && add(text, size, separator_in(text), *names))
        names++;
}
