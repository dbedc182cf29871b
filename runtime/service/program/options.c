/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configuration by the command line: --KEY VALUE or --KEY=VALUE; --KEY alone for a flag. */
#include <runtime/service/nearest.h>
#include <runtime/service/program/sources.h>

#include <runtime/service/program/actions.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct words {
    char **at, **end;
} words;

/* One option of the command line. */
typedef struct option {
    const char *text; /* as it was given */
    const char *name;
    size_t length;
    const char *value; /* behind "=", or NULL */
} option;

static const fl_action *action_of(const option *given)
{
    for (const fl_action *one = fl_actions; one->name; one++)
        if (strlen(one->name) == given->length &&
            strncmp(one->name, given->name, given->length) == 0)
            return one;
    return NULL;
}

static bool is_key_file(const fl_key *key, const option *given)
{
    size_t length = strlen(key->name);
    return key->secrecy && given->length == length + 5 &&
           strncmp(given->name, key->name, length) == 0 &&
           strncmp(given->name + length, "-file", 5) == 0;
}

/* The key that an option sets, from a file or not. */
static const fl_key *key_of(const option *given, bool *from_file)
{
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, given->name, given->length);
    *from_file = !key;
    for (const fl_key *one = fl_keys; one->name && !key; one++)
        if (one->scope == FL_KEY_OF_SERVICE && is_key_file(one, given))
            key = one;
    return key;
}

static int unknown(const option *given)
{
    const char *names[FL_KEYS_MOST + 16] = {NULL};
    char nearest[192], name[64];
    unsigned count = fl_key_names(FL_KEY_OF_SERVICE, names);
    for (const fl_action *one = fl_actions; one->name; one++)
        names[count++] = one->name;
    snprintf(name, sizeof name, "%.*s", given->length < 60 ? (int)given->length : 60, given->name);
    fl_nearest(name, names, nearest, sizeof nearest);
    return filch_error_set(-EINVAL, "unknown option --%s (%s); see --help", fl_show(name).text,
                           nearest);
}

/* The value behind "=", or the next word. NULL: -EINVAL, explained. */
static const char *value_of(const option *given, words *rest)
{
    if (given->value)
        return given->value;
    if (rest->at < rest->end)
        return *rest->at++;
    filch_error_set(-EINVAL, "option %s has no value; see --help", fl_show(given->text).text);
    return NULL;
}

static int take_action(fl_command_line *request, const fl_action *action, const option *given,
                       words *rest)
{
    bool optional = action->argument && *action->argument == '[';
    const char *value = given->value;
    if (value && !action->argument)
        return filch_error_set(-EINVAL, "option --%s takes no value", action->name);
    if (action->argument && !optional && !(value = value_of(given, rest)))
        return -EINVAL;
    if (action->name == fl_option_config)
        request->file = value;
    else if (action->name == fl_option_once)
        request->once = true;
    else if (action->name == fl_option_check)
        request->check = true;
    else if (!request->action) {
        request->action = action;
        request->argument = value;
    }
    return 0;
}

static int take_key(fl_configuration *out, const option *given, words *rest)
{
    bool from_file;
    const fl_key *key = key_of(given, &from_file);
    char called[64];
    if (!key)
        return unknown(given);
    const char *value = key->type == FL_KEY_FLAG && !given->value ? "true" : value_of(given, rest);
    if (!value)
        return -EINVAL;
    snprintf(called, sizeof called, "--%.*s", (int)given->length, given->name);
    if (!out)
        return 0;
    return from_file ? fl_configuration_set_from(out, key, called, value, FL_SOURCE_OPTION)
                     : fl_configuration_set(out, key, called, value, FL_SOURCE_OPTION);
}

static int take(fl_configuration *out, fl_command_line *request, const char *text, words *rest)
{
    if (strcmp(text, "-h") == 0)
        text = "--help";
    if (strncmp(text, "--", 2) != 0 || !text[2])
        return filch_error_set(-EINVAL, "unexpected argument '%s'; see --help", fl_show(text).text);
    const char *equal = strchr(text, '=');
    const option given = {text, text + 2, (size_t)((equal ? equal : strchr(text, 0)) - text - 2),
                          equal ? equal + 1 : NULL};
    const fl_action *action = action_of(&given);
    return action ? take_action(request, action, &given, rest) : take_key(out, &given, rest);
}

int fl_options_read(fl_configuration *out, fl_command_line *request, int argc, char **argv)
{
    words rest = {argv + 1, argv + argc};
    int rc = 0;
    while (rest.at < rest.end && !rc)
        rc = take(out, request, *rest.at++, &rest);
    return rc;
}
