/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/percent.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* In place. */
static bool decode(char *text)
{
    if (!fl_percent_is_valid(text))
        return false;
    fl_percent_decode(text, text);
    return true;
}

static const struct {
    const char *name;
    size_t offset;
} options[] = {
    {"ca", offsetof(fl_redis_url, ca)},
    {"db", offsetof(fl_redis_url, database)},
    {"password", offsetof(fl_redis_url, password)},
    {"plain", offsetof(fl_redis_url, plain)},
    {"user", offsetof(fl_redis_url, user)},
};

/* NULL, or the reason why the options do not parse. */
static const char *read_options(fl_redis_url *out, char *text)
{
    bool is_secret = text && strchr(text, '@'); /* perhaps a password with a ? in it */
    for (char *next; text; text = next) {
        unsigned i = 0;
        next = fl_cut(text, '&');
        char *value = fl_cut(text, '=');
        out->faulty = is_secret ? "***" : text;
        while (i < sizeof options / sizeof *options && strcmp(options[i].name, text) != 0)
            i++;
        if (i == sizeof options / sizeof *options)
            return "unknown (valid: ca, db, password, plain, user)";
        if (!value || !decode(value))
            return "no value, or a wrong % in it";
        *(const char **)(void *)((char *)out + options[i].offset) = value;
    }
    out->faulty = out->plain && strcmp(out->plain, "yes") != 0 ? "plain" : NULL;
    return out->faulty ? "wrong value (valid: yes)" : NULL;
}

static const char *read_login(fl_redis_url *out, char *text)
{
    char *password = fl_cut(text, ':');
    if (!decode(text) || (password && !decode(password)))
        return "wrong % in user or password (valid: %00 as two hexadecimal digits, not zero)";
    if (*text)
        out->user = text;
    if (password && *password)
        out->password = password;
    return NULL;
}

/* [USER][:PASSWORD]@HOST[:PORT][/DATABASE] */
static const char *read_authority(fl_redis_url *out, char *text)
{
    char *database = fl_cut(text, '/'), *at = strrchr(text, '@'), *port;
    const char *fault = NULL;
    if (at) {
        *at++ = '\0';
        fault = read_login(out, text);
        text = at;
    }
    if (*text == '[') {
        char *end = fl_cut(++text, ']');
        if (!end || (*end && *end != ':'))
            return "address without its ]";
        port = *end ? end + 1 : NULL;
    } else {
        port = fl_cut(text, ':');
    }
    if (!*text)
        return "no host";
    out->host = text;
    if (port && *port)
        out->port = port;
    if (database && *database)
        out->database = database;
    return fault;
}

static const char *parse(fl_redis_url *out, char *text)
{
    char *rest = fl_cut(text, ':'), *asked = fl_cut(rest, '?');
    bool has_slashes = strncmp(rest, "//", 2) == 0;
    out->tls = strcmp(text, "rediss") == 0;
    out->is_path = strcmp(text, "redis+unix") == 0;
    const char *fault = NULL;
    if (out->is_path) {
        out->host = has_slashes ? rest + 2 : rest;
        fault = *out->host == '/' && decode(rest) ? NULL : "no absolute path of a socket";
    } else {
        fault = has_slashes ? read_authority(out, rest + 2) : "no // before the host";
    }
    if (!fault)
        fault = read_options(out, asked);
    if (!fault && strspn(out->port, "0123456789") != strlen(out->port))
        fault = "port is not a number";
    if (!fault && strspn(out->database, "0123456789") != strlen(out->database))
        fault = "database is not a number";
    return fault;
}

fl_broker_rc fl_redis_url_parse(const fl_broker_host *host, const char *text, fl_redis_url *out)
{
    *out = (fl_redis_url){.text = strdup(text), .port = "6379", .database = "0"};
    const char *fault = out->text ? parse(out, out->text) : "no memory";
    if (!fault)
        return FL_BROKER_OK;
    const char *option = out->faulty;
    host->explain(host, FL_BROKER_FATAL, /* not the URL: it may hold a password */
                  "cannot read the URL of redis: %s%.32s%s%s (valid: "
                  "redis[s]://[USER]:PASSWORD@HOST:PORT/DATABASE?ca=FILE, "
                  "redis+unix:/PATH?db=DATABASE)",
                  option ? "option '" : "", option ? option : "", option ? "': " : "", fault);
    fl_redis_url_free(out);
    return FL_BROKER_FATAL;
}

void fl_redis_url_free(fl_redis_url *url)
{
    free(url->text);
    *url = (fl_redis_url){0};
}
