/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "generate.h"

#include <tools/shared/names.h>
#include <tools/shared/spell.h>

#include <errno.h>
#include <math.h>
#include <string.h>

static unsigned parameters_of(const shape *s)
{
    unsigned count = 0;
    while (count < GENERATOR_PARAMETERS && s->parameters[count].name)
        count++;
    return count;
}

static const shape *find_shape(const char *name, char *error, size_t size)
{
    for (const shape *const *s = shapes; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    char allowed[NAMES_ALLOWED];
    names_list list = {.count = 0};
    names_add_rows(&list, NAMES_ROWS(shapes));
    snprintf(error, size,
             "unknown generator '%.40s' (%s, or a trace file); filch sim --list prints the "
             "parameters of generators",
             name, names_allowed(allowed, name, list.at));
    return NULL;
}

bool generator_is_named(const char *text)
{
    size_t length = strcspn(text, ":");
    for (const shape *const *s = shapes; *s; s++)
        if (strlen((*s)->name) == length && strncmp((*s)->name, text, length) == 0)
            return true;
    return false;
}

static int unknown(const shape *s, const char *key, char *error, size_t size)
{
    char allowed[NAMES_ALLOWED];
    names_list list = {.count = 0};
    for (unsigned i = 0; i < parameters_of(s); i++)
        names_add(&list, s->parameters[i].name);
    snprintf(error, size, "generator %s: unknown parameter '%.40s' (%s)", s->name, key,
             names_allowed(allowed, key, list.at));
    return -EINVAL;
}

/* "KEY=VALUE", which is changed. */
static int set(generator *g, char *text, char *error, size_t size)
{
    char *value = strchr(text, '=');
    unsigned i = 0, count = parameters_of(g->shape);
    if (value)
        *value++ = '\0';
    while (i < count && strcmp(g->shape->parameters[i].name, text) != 0)
        i++;
    if (i == count)
        return unknown(g->shape, text, error, size);
    const parameter *p = &g->shape->parameters[i];
    if (value && spell_number(value, p->least, p->most, &g->value[i]) &&
        (!p->is_whole || g->value[i] == floor(g->value[i])))
        return 0;
    snprintf(error, size, "generator %s: value '%.40s' of %s is out of range (%s%.10g..%.10g)",
             g->shape->name, value ? value : "", text, p->is_whole ? "whole, " : "", p->least,
             p->most);
    return -EINVAL;
}

static int set_all(generator *g, char *list, char *error, size_t size)
{
    for (char *word; (word = strsep(&list, ","));) {
        int rc = set(g, word, error, size);
        if (rc)
            return rc;
    }
    return 0;
}

int generator_read(generator *g, const char *text, char *error, size_t size)
{
    char copy[GENERATOR_TEXT], *list = copy;
    if (strlen(text) >= sizeof copy) {
        snprintf(error, size, "generator text is too long (at most %zu bytes)", sizeof copy - 1);
        return -EINVAL;
    }
    strcpy(copy, text);
    const char *name = strsep(&list, ":");
    *g = (generator){.shape = find_shape(name, error, size)};
    if (!g->shape)
        return -EINVAL;
    for (unsigned i = 0; i < parameters_of(g->shape); i++)
        g->value[i] = g->shape->parameters[i].value;
    int rc = list ? set_all(g, list, error, size) : 0;
    const char *why = !rc && g->shape->prepare ? g->shape->prepare(g) : NULL;
    if (!why)
        return rc;
    snprintf(error, size, "generator %s: %s", name, why);
    return -EINVAL;
}

void generator_list(FILE *out)
{
    for (const shape *const *s = shapes; *s; s++) {
        fprintf(out, "%s%s: %s\n", s == shapes ? "" : "\n", (*s)->name, (*s)->what);
        for (unsigned i = 0; i < parameters_of(*s); i++) {
            const parameter *p = &(*s)->parameters[i];
            fprintf(out, "  %-12s %-10.10g %s (%.10g..%.10g)\n", p->name, p->value, p->what,
                    p->least, p->most);
        }
    }
}
