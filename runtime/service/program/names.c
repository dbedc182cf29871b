/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys by name, and their names in the environment. */
#include <filch/service_main.h>
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
