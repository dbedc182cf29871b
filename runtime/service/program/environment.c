/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configuration by the environment. Each key has the variable FILCH_SERVICE_KEY, a secret one also
 * FILCH_SERVICE_KEY_FILE; some have an alias, as in RABBITMQ_URL and RABBITMQ_URL_FILE. A variable that
 * begins with FILCH_SERVICE_ and belongs to no key is refused, since it is probably misspelt;
 * except those that Kubernetes sets in each pod beside a Service named "filch". */
#include <runtime/service/nearest.h>
#include <runtime/service/program/sources.h>

#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>
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
    return filch_error_set(
        -EINVAL,
        "%s: '%s' is no URL of RabbitMQ (amqp://, amqps://); name another broker "
        "by FILCH_SERVICE_BROKER",
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
