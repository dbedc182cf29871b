/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Configuration by a file: one JSON object, whose members are keys. */
#include <runtime/service/nearest.h>
#include <runtime/service/program/sources.h>

#include <errno.h>

#ifdef FILCH_HAVE_JANSSON
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/json.h>
#include <runtime/service/program/keep.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 20, CALLED_BYTES = 128 };

static int unknown(const char *path, const char *name)
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

static int take(fl_configuration *out, const json_t *object, const char *path, const char *name,
                const json_t *value)
{
    char called[CALLED_BYTES];
    const fl_key *key = fl_key_of(FL_KEY_OF_SERVICE, name, strlen(name));
    const fl_key *from_file = key ? NULL : key_with_file(name);
    if (!key && !from_file)
        return unknown(path, name);
    if (json_is_null(value))
        return 0;
    snprintf(called, sizeof called, "%s: %s", fl_show(path).text, name);
    if (from_file && json_object_get(object, from_file->name))
        return filch_error_set(-EINVAL, "%.80s: %s is there, too; keep one", called,
                               from_file->name);
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
        return filch_error_set(-EINVAL, "%s is no JSON object", fl_show(path).text);
    json_object_foreach(object, name, value)
    {
        int rc = take(out, object, path, name, value);
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
