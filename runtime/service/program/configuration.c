/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/configuration.h>

#include <runtime/service/program/keys.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/program/values.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MOST = 4096 };

const char *const fl_source_names[FL_SOURCES] = {"default", "file", "environment", "option"};

/* ---- One key ---- */

static int set(fl_configuration *out, const fl_key *key, const char *text, fl_source source)
{
    char *copy = fl_keep_text(&out->keep, text, strlen(text));
    int rc = copy ? fl_value_read(key, copy, out, &out->keep) : -ENOMEM;
    if (rc)
        return rc;
    out->texts[key - fl_keys] = copy;
    out->sources[key - fl_keys] = source;
    return 0;
}

int fl_configuration_set(fl_configuration *out, const fl_key *key, const char *called,
                         const char *text, fl_source source)
{
    char allowed[160];
    if (!*text)
        return 0;
    int rc = set(out, key, text, source);
    if (rc != -EINVAL)
        return rc;
    fl_key_allowed(key, allowed, sizeof allowed);
    return filch_error_set(-EINVAL, "%.40s: '%s' is not allowed (%s)", called,
                           fl_show_value(key, text).text, allowed);
}

/* ---- Secrets in files ---- */

/* Its first line; the file is open. */
static int read_secret(int fd, const char *called, const char *path, char *text)
{
    struct stat status;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode))
        return filch_error_set(-EINVAL, "%.40s: %s is no file", called, fl_show(path).text);
    if (status.st_mode & (S_IROTH | S_IWOTH))
        return filch_error_set(-EINVAL,
                               "%.40s: mode %o of %s lets others read or write it; run chmod o= on "
                               "it",
                               called, status.st_mode & 0777, fl_show(path).text);
    ssize_t size = read(fd, text, SECRET_MOST);
    if (size < 0)
        return filch_error_set(-EINVAL, "%.40s: cannot read %s: %s", called, fl_show(path).text,
                               strerror(errno));
    text[size] = '\0';
    size_t line = strcspn(text, "\r\n");
    if (size == SECRET_MOST || !line || text[line + strspn(text + line, "\r\n")] ||
        strlen(text) != (size_t)size)
        return filch_error_set(-EINVAL, "%.40s: %s is not one line of 1..%d bytes", called,
                               fl_show(path).text, SECRET_MOST - 1);
    text[line] = '\0';
    return 0;
}

int fl_configuration_set_from(fl_configuration *out, const fl_key *key, const char *called,
                              const char *path, fl_source source)
{
    char text[SECRET_MOST + 1];
    if (!*path)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return filch_error_set(-EINVAL, "%.40s: cannot open %s: %s", called, fl_show(path).text,
                               strerror(errno));
    int rc = read_secret(fd, called, path, text);
    close(fd);
    rc = rc ? rc : fl_configuration_set(out, key, called, text, source);
    explicit_bzero(text, sizeof text);
    return rc;
}

/* ---- All keys ---- */

static int set_defaults(fl_configuration *out)
{
    for (const fl_key *key = fl_keys; key->name; key++) {
        int rc = key->scope == FL_KEY_OF_SERVICE && key->standard
                     ? set(out, key, key->standard, FL_SOURCE_DEFAULT)
                     : 0;
        if (rc)
            return rc;
    }
    return 0;
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
    int rc = fl_handlers_read(out);
    return rc ? rc : fl_periodics_read(out);
}

int fl_configuration_load(fl_configuration *out, fl_command_line *request, int argc, char **argv,
                          char *const *environment)
{
    *out = (fl_configuration){.health_port = FL_PORT_NONE};
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
