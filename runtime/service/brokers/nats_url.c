/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats_url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
#include <runtime/service/percent.h>

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Longer names make subjects that the server refuses. */
enum { NAME_MOST = 128 };

bool fl_nats_is_name(const char *text, const char *also)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_", text[i]) && !strchr(also, text[i]))
            return false;
    return length && length <= NAME_MOST && text[0] != '.' && !strstr(text, "..");
}

static const char *decode(char *text)
{
    fl_percent_decode(text, text);
    return text;
}

/* ---- Parts ---- */

static const struct {
    const char *name;
    size_t offset;
    bool is_flag; /* yes or no */
} settings[] = {
    {"prefix", offsetof(fl_nats_options, prefix), false},
    {"creds", offsetof(fl_nats_options, creds), false},
    {"ca", offsetof(fl_nats_options, ca), false},
    {"cert", offsetof(fl_nats_options, cert), false},
    {"key", offsetof(fl_nats_options, key), false},
    {"create", offsetof(fl_nats_options, create), true},
    {"plain-password", offsetof(fl_nats_options, plain_password), true},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* For messages. A part with an @ may be the end of a password that holds a / or ?. */
static const char *show(const char *text)
{
    return strchr(text, '@') ? "***" : text;
}

static fl_broker_rc read_setting(const fl_broker_host *host, char *text, fl_nats_options *out)
{
    char *value = fl_cut(text, '=');
    for (unsigned i = 0; i < SETTINGS && value; i++) {
        if (strcmp(settings[i].name, text) != 0)
            continue;
        const char **place = (const char **)(void *)((char *)out + settings[i].offset);
        *place = decode(value);
        if (settings[i].is_flag && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return host->explain(host, FL_BROKER_FATAL,
                                 "%s=%s is no option of nats (valid: yes, no)", text, show(value));
        return FL_BROKER_OK;
    }
    return host->explain(
        host, FL_BROKER_FATAL,
        "unknown option of nats: '%s' (valid: prefix, creds, ca, cert, key, create, "
        "plain-password, each with =VALUE)",
        show(text));
}

/* hosts: HOST[:PORT], separated by commas. */
static bool is_loopback(const char *hosts)
{
    for (const char *at = hosts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t end = *at == '[' ? strcspn(at, "],") : 0;
        if (!fl_loopback_has(at, end + strcspn(at + end, ":,")))
            return false;
    }
    return true;
}

static void read_login(char *login, fl_nats_options *out)
{
    char *password = fl_cut(login, ':');
    if (password) {
        out->user = decode(login);
        out->password = decode(password);
    } else {
        out->token = decode(login);
    }
}

static fl_broker_rc check(const fl_broker_host *host, const fl_nats_options *out)
{
    bool is_secret = out->password || out->token;
    if (!*out->hosts)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of nats without a host (valid: nats://HOST[:PORT][/STREAM])");
    if (!fl_nats_is_name(out->stream, ""))
        return host->explain(host, FL_BROKER_FATAL,
                             "stream '%s' is no name (valid: letters, digits, - and _)",
                             show(out->stream));
    if (out->prefix && !fl_nats_is_name(out->prefix, "."))
        return host->explain(host, FL_BROKER_FATAL,
                             "prefix '%s' is no subject (valid: letters, digits, -, _ and .)",
                             show(out->prefix));
    if (is_secret && !out->has_tls && !is_loopback(out->hosts) &&
        strcmp(out->plain_password, "yes") != 0)
        return host->explain(host, FL_BROKER_FATAL,
                             "nats:// would send a password in plain text to another machine; use "
                             "nats+tls://, or add plain-password=yes");
    return FL_BROKER_OK;
}

fl_broker_rc fl_nats_parse(const fl_broker_host *host, const char *url, fl_nats_options *out)
{
    *out = (fl_nats_options){.stream = "filch", .create = "yes", .plain_password = "no"};
    const char *rest = strstr(url, "://");
    if (!rest)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of nats without '://' (valid: nats://HOST[:PORT][/STREAM])");
    out->has_tls = strncmp(url, "nats+tls:", 9) == 0;
    out->size = strlen(rest + 3);
    out->text = strdup(rest + 3);
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    char *setting = fl_cut(out->text, '?'), *stream = fl_cut(out->text, '/'),
         *at = strrchr(out->text, '@');
    out->hosts = out->text;
    if (at) {
        *at = '\0';
        out->hosts = at + 1;
        read_login(out->text, out);
    }
    if (stream && *stream)
        out->stream = decode(stream);
    while (setting && *setting) {
        char *next = fl_cut(setting, '&');
        if (read_setting(host, setting, out))
            return FL_BROKER_FATAL;
        setting = next;
    }
    if (!out->prefix)
        out->prefix = out->stream;
    return check(host, out);
}

void fl_nats_options_end(fl_nats_options *options)
{
    if (options->text)
        explicit_bzero(options->text, options->size);
    free(options->text);
    options->text = NULL;
}
