/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys by name, their names in the environment, and the names that a misspelt one is close to. */
#include <runtime/platform/spelling.h>
#include <runtime/service/program/keys.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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

static void add(char *text, size_t size, const char *name)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
}

void fl_nearest(const char *name, const char *const *names, char *text, size_t size)
{
    enum { MOST = 3 };
    const size_t length = strlen(name);
    const unsigned close = length <= 4 ? 1 : length <= 8 ? 2 : 3;
    unsigned found = 0;
    *text = '\0';
    for (unsigned far = 0; far <= close && length < FL_SPELLING_LONGEST; far++)
        for (const char *const *one = names; *one && found < MOST; one++)
            if (strlen(*one) < FL_SPELLING_LONGEST &&
                fl_spelling_distance(name, length, *one, strlen(*one)) == far) {
                add(text, size, *one);
                found++;
            }
    for (const char *const *one = names; *one && !found; one++)
        add(text, size, *one);
}
