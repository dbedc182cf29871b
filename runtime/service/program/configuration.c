/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/configuration.h>

#include <runtime/service/program/keys.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/program/values.h>
#include <runtime/service/secret.h>
#include <runtime/service/variable.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const fl_source_names[FL_SOURCES] = {"default", "program", "file", "environment",
                                                 "option"};

/* ---- One key ---- */

static int set(fl_configuration *out, const fl_key *key, const char *text, fl_source source)
{
    char *copy = fl_keep_text(&out->keep, text, strlen(text));
    int rc = copy ? fl_value_read(key, copy, out, &out->keep) : -ENOMEM;
    if (rc)
        return rc;
    out->texts[key - fl_keys] = copy;
    out->files[key - fl_keys] = NULL;
    out->sources[key - fl_keys] = source;
    return 0;
}

int fl_configuration_set(fl_configuration *out, const fl_key *key, const char *called,
                         const char *text, fl_source source)
{
    char allowed[160];
    if (!*text && source == FL_SOURCE_ENVIRONMENT)
        return 0;
    int rc = *text ? set(out, key, text, source) : -EINVAL;
    if (rc != -EINVAL)
        return rc;
    fl_key_allowed(key, allowed, sizeof allowed);
    if (!*text)
        return filch_error_set(-EINVAL,
                               "%.40s is empty; is a variable unset? Leave it out for the default "
                               "(allowed: %s)",
                               called, allowed);
    return filch_error_set(-EINVAL, "%.40s: '%s' is not allowed (%s)", called,
                           fl_show_value(key, text).text, allowed);
}

int fl_configuration_set_from(fl_configuration *out, const fl_key *key, const char *called,
                              const char *path, fl_source source)
{
    char text[FL_SECRET_BYTES], why[128];
    if (!*path && source == FL_SOURCE_ENVIRONMENT)
        return 0;
    if (!*path)
        return filch_error_set(-EINVAL, "%.40s is empty; give the path of a file", called);
    if (fl_secret_read(path, text, why, sizeof why))
        return filch_error_set(-EINVAL, "%.40s: %s %s", called, fl_show(path).text, why);
    int rc = fl_configuration_set(out, key, called, text, source);
    explicit_bzero(text, sizeof text);
    char *copy = rc ? NULL : fl_keep_text(&out->keep, path, strlen(path));
    out->files[key - fl_keys] = copy;
    return rc || copy ? rc : -ENOMEM;
}

/* ---- All keys ---- */

static int set_default(fl_configuration *out, const fl_key *key)
{
    char called[64];
    const char *own = fl_key_own_default(key);
    if (!own)
        return key->standard ? set(out, key, key->standard, FL_SOURCE_DEFAULT) : 0;
    snprintf(called, sizeof called, "the program's default of %s", key->name);
    return fl_configuration_set(out, key, called, own, FL_SOURCE_PROGRAM);
}

static int set_defaults(fl_configuration *out)
{
    int rc = 0;
    for (const fl_key *key = fl_keys; key->name && !rc; key++)
        if (key->scope == FL_KEY_OF_SERVICE)
            rc = set_default(out, key);
    return rc;
}

static int place_health(fl_configuration *out)
{
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, "health-address", 14);
    if (out->health_address)
        return 0;
    return set(out, key, fl_is_contained("", out->environment) ? "0.0.0.0" : "127.0.0.1",
               FL_SOURCE_DEFAULT);
}

bool fl_retry_cap(filch_retry_policy *retry, bool given)
{
    bool is_below = retry->cap < retry->base;
    if (is_below)
        retry->cap = retry->base;
    return !is_below || !given;
}

/* Keys that depend on each other. */
static int finish(fl_configuration *out)
{
    const fl_key *cap = fl_key_of(FL_KEY_OF_SERVICE, "retry-max", 9);
    if (!fl_retry_cap(&out->retry, out->sources[cap - fl_keys] != FL_SOURCE_DEFAULT))
        return filch_error_set(-EINVAL, "retry-max is shorter than retry-delay; raise it");
    if (out->prefetch && out->buffer)
        return filch_error_set(-EINVAL,
                               "buffer and prefetch are given; prefetch is width + buffer: keep "
                               "one of them");
    if (out->prefetch && out->prefetch <= out->width)
        return filch_error_set(-EINVAL, "prefetch %u is not above width %u; raise it",
                               out->prefetch, out->width);
    if (out->prefetch > out->width + FILCH_SERVICE_WIDTH_MOST)
        return filch_error_set(-EINVAL, "prefetch %u is out of range (width + 1..width + %d)",
                               out->prefetch, FILCH_SERVICE_WIDTH_MOST);
    if (out->prefetch)
        out->buffer = out->prefetch - out->width;
    const fl_key *broker = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6);
    int rc = fl_broker_check(out->environment, out->sources[broker - fl_keys] != FL_SOURCE_DEFAULT);
    rc = rc ? rc : place_health(out);
    rc = rc ? rc : fl_handlers_read(out);
    return rc ? rc : fl_periodics_read(out);
}

int fl_configuration_load(fl_configuration *out, fl_command_line *request, int argc, char **argv,
                          char *const *environment)
{
    *out = (fl_configuration){.health_port = FL_PORT_NONE, .environment = environment};
    *request = (fl_command_line){0};
    int rc = fl_options_read(NULL, request, argc, argv);
    if (rc || request->action)
        return rc;
    if (!request->file)
        request->file = fl_environment_file(environment);
    rc = set_defaults(out);
    if (!rc && request->file)
        rc = fl_file_read(out, request->file);
    rc = rc ? rc : fl_environment_read(out, environment);
    rc = rc ? rc : fl_options_read(out, request, argc, argv);
    return rc ? rc : finish(out);
}

void fl_configuration_end(fl_configuration *configuration)
{
    fl_keep_end(&configuration->keep);
    *configuration = (fl_configuration){0};
}

/* ---- Containers ---- */

/* To more than an empty text. */
static bool is_set(char *const *environment, const char *name)
{
    const char *value = fl_variable(environment, name);
    return value && *value;
}

static bool exists(const char *root, const char *path)
{
    char whole[4096];
    return snprintf(whole, sizeof whole, "%s%s", root, path) < (int)sizeof whole &&
           access(whole, F_OK) == 0;
}

/* A cgroup namespace hides them; then the others tell. */
static bool is_in_cgroup(const char *root)
{
    static const char *const parts[] = {"/docker/",       "docker-", "kubepods",
                                        "libpod",         "crio-",   "/ecs/",
                                        "cri-containerd", "/lxc/",   "lxc.payload"};
    char whole[4096], *line = NULL;
    size_t room = 0;
    bool found = false;
    if (snprintf(whole, sizeof whole, "%s/proc/self/cgroup", root) >= (int)sizeof whole)
        return false;
    FILE *file = fopen(whole, "re");
    while (file && !found && getline(&line, &room, file) > 0)
        for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
            found = found || strstr(line, parts[i]);
    free(line);
    if (file)
        fclose(file);
    return found;
}

bool fl_is_contained(const char *root, char *const *environment)
{
    static const char *const variables[] = {"KUBERNETES_SERVICE_HOST",
                                            "ECS_CONTAINER_METADATA_URI_V4", "container"};
    for (unsigned i = 0; i < sizeof variables / sizeof *variables; i++)
        if (is_set(environment, variables[i]))
            return true;
    return exists(root, "/.dockerenv") || exists(root, "/run/.containerenv") || is_in_cgroup(root);
}
