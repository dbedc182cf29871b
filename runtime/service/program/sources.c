/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configuration by the environment. Each key has the variable FILCH_SERVICE_KEY, a secret one also
 * FILCH_SERVICE_KEY_FILE; some have an alias, as in RABBITMQ_URL and RABBITMQ_URL_FILE. A variable that
 * begins with FILCH_SERVICE_ and belongs to no key is refused, since it is probably misspelt;
 * except those that Kubernetes sets in each pod beside a Service named "filch". */
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/main.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/program/values.h>
#include <runtime/service/url.h>
#include <runtime/service/variable.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "FILCH_SERVICE_", file_variable[] = "FILCH_SERVICE_CONFIG";
enum { NAME_BYTES = 64 };

const char *fl_environment_file(char *const *environment)
{
    const char *path = fl_variable(environment, file_variable);
    return path && *path ? path : NULL;
}

/* Sets a key from `variable`, and from `variable`_FILE if it may be secret. */
static int read_variable(fl_configuration *out, const fl_key *key, const char *variable,
                         char *const *environment)
{
    char with_file[NAME_BYTES];
    snprintf(with_file, sizeof with_file, "%s_FILE", variable);
    const char *text = fl_variable(environment, variable);
    const char *path = key->secrecy ? fl_variable(environment, with_file) : NULL;
    if (text && *text && path && *path)
        return filch_error_set(-EINVAL, "%s and %s are both set; unset one", variable, with_file);
    int rc = text ? fl_configuration_set(out, key, variable, text, FL_SOURCE_ENVIRONMENT) : 0;
    return rc || !path
               ? rc
               : fl_configuration_set_from(out, key, with_file, path, FL_SOURCE_ENVIRONMENT);
}

/* The alias of the broker's key is the name of one broker. */
static int check_rabbit(const char *called, const char *url)
{
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6);
    if (strncasecmp(url, "amqp:", 5) == 0 || strncasecmp(url, "amqps:", 6) == 0)
        return 0;
    return filch_error_set(-EINVAL,
                           "%s: '%s' is not a RabbitMQ URL (amqp://, amqps://); name another "
                           "broker in FILCH_SERVICE_BROKER",
                           called, fl_show_value(key, url).text);
}

/* A forgotten broker must not become a private file. The other public aliases are the variables of
 * RabbitMQ workers. */
static int check_unnamed(const fl_key *key, char *const *environment)
{
    char variable[NAME_BYTES];
    fl_key_variable(key, variable, sizeof variable);
    bool is_broker = strcmp(key->name, "broker") == 0;
    const char *text = fl_variable(environment, key->alias);
    const char *own = is_broker ? fl_variable(environment, variable) : NULL;
    if (is_broker && (text || own))
        return filch_error_set(
            -EINVAL,
            "%s is empty; set it to the broker's URL (sqlite: for a file of this "
            "user), or unset it",
            own ? variable : key->alias);
    if (is_broker || key->secrecy || !text || !*text)
        return 0;
    return filch_error_set(-EINVAL,
                           "%s is set, and no broker is named; set RABBITMQ_URL or "
                           "FILCH_SERVICE_BROKER to its URL (sqlite: for a file of this user)",
                           key->alias);
}

int fl_broker_check(char *const *environment, bool is_named)
{
    const char *url = fl_variable(environment, "RABBITMQ_URL");
    int rc = url && *url ? check_rabbit("RABBITMQ_URL", url) : 0;
    for (const fl_key *key = fl_keys; key->name && !is_named && !rc; key++)
        rc = key->alias ? check_unnamed(key, environment) : 0;
    return rc;
}

static bool names_key(const fl_key *key, const char *name, size_t length)
{
    char variable[NAME_BYTES];
    fl_key_variable(key, variable, sizeof variable);
    size_t own = strlen(variable);
    if (key->scope != FL_KEY_OF_SERVICE || strncmp(variable, name, own) != 0)
        return false;
    return length == own ||
           (key->secrecy && length == own + 5 && strncmp(name + own, "_FILE", 5) == 0);
}

static bool is_of_kubernetes(const char *name, size_t length)
{
    const char *rest = name + strlen(prefix);
    size_t left = length - strlen(prefix);
    return (left == 4 && strncmp(rest, "HOST", 4) == 0) ||
           (left >= 4 && strncmp(rest, "PORT", 4) == 0 && (left == 4 || rest[4] == '_'));
}

static bool is_known(const char *name, size_t length)
{
    if (length == strlen(file_variable) && strncmp(name, file_variable, length) == 0)
        return true;
    for (const fl_key *key = fl_keys; key->name; key++)
        if (names_key(key, name, length))
            return true;
    return is_of_kubernetes(name, length);
}

static int refuse(const char *name, size_t length)
{
    const char *names[FL_KEYS_MOST + 1] = {NULL};
    char shown[NAME_BYTES], key[NAME_BYTES], nearest[160];
    snprintf(shown, sizeof shown, "%.*s", length < NAME_BYTES ? (int)length : NAME_BYTES, name);
    snprintf(key, sizeof key, "%s", shown + strlen(prefix));
    for (char *at = key; *at; at++)
        *at = *at == '_' ? '-' : (char)tolower((unsigned char)*at);
    fl_key_names(FL_KEY_OF_SERVICE, names);
    fl_nearest(key, names, nearest, sizeof nearest);
    return filch_error_set(-EINVAL, "unknown variable %s (%s)", fl_show(shown).text, nearest);
}

static int check_names(char *const *environment)
{
    for (char *const *one = environment; *one; one++) {
        size_t length = strcspn(*one, "=");
        if (strncmp(*one, prefix, strlen(prefix)) == 0 && !is_known(*one, length))
            return refuse(*one, length);
    }
    return 0;
}

/* RABBITMQ_URL_FILE has been read. */
static bool is_rabbit_file(const fl_configuration *out, const fl_key *key)
{
    return strcmp(key->name, "broker") == 0 && out->files[key - fl_keys] &&
           out->sources[key - fl_keys] == FL_SOURCE_ENVIRONMENT;
}

int fl_environment_read(fl_configuration *out, char *const *environment)
{
    char variable[NAME_BYTES];
    int rc = check_names(environment);
    for (const fl_key *key = fl_keys; key->name && !rc; key++) {
        if (key->scope != FL_KEY_OF_SERVICE)
            continue;
        fl_key_variable(key, variable, sizeof variable);
        rc = key->alias ? read_variable(out, key, key->alias, environment) : 0;
        if (!rc && is_rabbit_file(out, key))
            rc = check_rabbit("RABBITMQ_URL_FILE", out->texts[key - fl_keys]);
        rc = rc ? rc : read_variable(out, key, variable, environment);
    }
    return rc;
}

void fl_environment_hide(void)
{
    char variable[NAME_BYTES];
    for (const fl_key *key = fl_keys; key->name; key++) {
        if (!key->secrecy)
            continue;
        fl_key_variable(key, variable, sizeof variable);
        unsetenv(variable);
        if (key->alias)
            unsetenv(key->alias);
    }
}

/* ---- Options ---- */

/* Configuration by the command line: --KEY VALUE or --KEY=VALUE; --KEY alone for a flag. */

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

/* The value after "=", or the next word. The message calls it `name`. NULL: -EINVAL, explained. */
static const char *value_of(const option *given, words *rest, const char *name)
{
    if (given->value)
        return given->value;
    if (rest->at < rest->end)
        return *rest->at++;
    const char *text = given->text;
    filch_error_set(-EINVAL, "%s has no value (write %s %s); see --help", text, text, name);
    return NULL;
}

static int take_action(fl_command_line *request, const fl_action *action, const option *given,
                       words *rest)
{
    bool optional = action->argument && *action->argument == '[';
    const char *value = given->value;
    if (value && !action->argument)
        return filch_error_set(-EINVAL, "option --%s takes no value", action->name);
    if (action->argument && !optional && !(value = value_of(given, rest, action->argument)))
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
    const char *value =
        key->type == FL_KEY_FLAG && !given->value ? "true" : value_of(given, rest, "VALUE");
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
    if (strcmp(text, "-V") == 0)
        text = "--version";
    if (strncmp(text, "--", 2) != 0 || !text[2])
        return filch_error_set(
            -EINVAL, "unexpected argument '%s' (valid: options, such as --width 20); see --help",
            fl_show(text).text);
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

/* ---- The file ---- */

/* Configuration by a file: one JSON object, whose members are keys. */

#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/arena.h>
#include <runtime/service/program/json.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 20, CALLED_BYTES = 128 };

static int unknown_key(const char *path, const char *name)
{
    const char *names[FL_KEYS_MOST + 1] = {NULL};
    char nearest[160];
    fl_key_names(FL_KEY_OF_SERVICE, names);
    fl_nearest(name, names, nearest, sizeof nearest);
    return filch_error_set(-EINVAL, "%s: unknown key '%s' (%s)", fl_show(path).text,
                           fl_show(name).text, nearest);
}

/* "broker-file" for "broker". */
static const fl_key *key_with_file(const char *name)
{
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 5, "-file") != 0)
        return NULL;
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, name, length - 5);
    return key && key->secrecy ? key : NULL;
}

static int take_member(fl_configuration *out, const json_t *object, const char *path,
                       const char *name, const json_t *value)
{
    char called[CALLED_BYTES];
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, name, strlen(name));
    const fl_key *from_file = key ? NULL : key_with_file(name);
    if (!key && !from_file)
        return unknown_key(path, name);
    if (json_is_null(value))
        return 0;
    snprintf(called, sizeof called, "%s: %s", fl_show(path).text, name);
    if (from_file && json_object_get(object, from_file->name))
        return filch_error_set(-EINVAL, "%.80s: %s is also set; keep one", called, from_file->name);
    const char *text = fl_json_text(key ? key : from_file, value, called, &out->keep);
    if (!text)
        return -EINVAL;
    return key ? fl_configuration_set(out, key, called, text, FL_SOURCE_FILE)
               : fl_configuration_set_from(out, from_file, called, text, FL_SOURCE_FILE);
}

static int take_all(fl_configuration *out, json_t *object, const char *path)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return filch_error_set(-EINVAL, "%s is not a JSON object", fl_show(path).text);
    json_object_foreach(object, name, value)
    {
        int rc = take_member(out, object, path, name, value);
        if (rc)
            return rc;
    }
    return 0;
}

/* The content, at most FILE_MOST bytes; its size, or -EINVAL, explained. */
static ssize_t read_whole(const char *path, char *text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return filch_error_set(-EINVAL, "cannot open the configuration %s: %s", fl_show(path).text,
                               strerror(errno));
    size_t size = fread(text, 1, FILE_MOST, file);
    bool bad = ferror(file);
    int error = errno;
    fclose(file);
    if (bad)
        return filch_error_set(-EINVAL, "cannot read the configuration %s: %s", fl_show(path).text,
                               strerror(error));
    if (size == FILE_MOST)
        return filch_error_set(-EINVAL, "the configuration %s is too long (below 1 MiB)",
                               fl_show(path).text);
    return (ssize_t)size;
}

int fl_file_read(fl_configuration *out, const char *path)
{
    char *text = fl_keep_bytes(&out->keep, FILE_MOST);
    ssize_t size = text ? read_whole(path, text) : -ENOMEM;
    json_t *object = size < 0 ? NULL : fl_json_read(text, (size_t)size, path);
    if (!object)
        return size < 0 ? (int)size : -EINVAL;
    int rc = take_all(out, object, path);
    json_decref(object);
    return rc;
}
#else
int fl_file_read(fl_configuration *out, const char *path)
{
    (void)out, (void)path;
    return filch_error_set(-EINVAL, "this build reads no configuration file; build it where "
                                    "jansson is installed (Debian: libjansson-dev), or use "
                                    "options and variables");
}
#endif
