/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/url.h>

#include <runtime/platform/text/spelling.h>
#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/message.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char WRITTEN[] = "%XX, two hexadecimal digits other than 00";

/* ---- Parts ---- */

static fl_broker_rc copy(const fl_broker_host *host, const char *text, fl_url *out)
{
    *out = (fl_url){.text = strdup(text), .size = strlen(text)};
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    out->settings = fl_cut(out->text, '?');
    return FL_BROKER_OK;
}

fl_broker_rc fl_url_cut(const fl_broker_host *host, const fl_url_kind *kind, const char *url,
                        fl_url *out)
{
    *out = (fl_url){0};
    const char *rest = url + strcspn(url, ":");
    if (strncmp(rest, "://", 3) != 0)
        return host->explain(host, FL_BROKER_FATAL, "URL of %s without '://' (valid: %s)",
                             kind->name, kind->form);
    fl_broker_rc rc = copy(host, rest + 3, out);
    if (rc)
        return rc;
    char *at = strrchr(out->text, '@'); /* first: a key in base64 may hold a slash */
    out->hosts = at ? at + 1 : out->text;
    if (at) {
        *at = '\0';
        out->login = out->text;
    }
    out->path = fl_cut(out->hosts, '/');
    if (!out->path || fl_percent_is_valid(out->path))
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL,
                         "invalid %% in the path of the URL of %s (valid: %s)", kind->name,
                         WRITTEN);
}

fl_broker_rc fl_url_cut_path(const fl_broker_host *host, const char *url, fl_url *out)
{
    fl_broker_rc rc = copy(host, strchr(url, ':') + 1, out);
    out->path = out->text;
    return rc;
}

void fl_url_end(fl_url *url)
{
    if (url->text)
        explicit_bzero(url->text, url->size);
    free(url->text);
    *url = (fl_url){0};
}

char *fl_url_decode(char *text)
{
    fl_percent_decode(text, text);
    return text;
}

const char *fl_url_show(const char *text)
{
    return strchr(text, '@') ? "***" : text;
}

/* ---- Login and hosts ---- */

fl_broker_rc fl_url_login(const fl_broker_host *host, const fl_url_kind *kind, fl_url *url,
                          const char **user, const char **password)
{
    char *secret = fl_cut(url->login, ':');
    *user = url->login;
    *password = secret;
    if (!kind->has_keys && ((*user && strchr(*user, '/')) || (secret && strchr(secret, '/'))))
        return host->explain(
            host, FL_BROKER_FATAL,
            "@ after / in the URL of %s (write / and @ of a login as %%2F and %%40, "
            "and @ of a path as %%40)",
            kind->name);
    if ((url->login && !fl_percent_is_valid(url->login)) ||
        (secret && !fl_percent_is_valid(secret)))
        return host->explain(host, FL_BROKER_FATAL, "invalid %% in the login of %s (valid: %s)",
                             kind->name, WRITTEN);
    if (url->login)
        fl_url_decode(url->login);
    if (secret)
        fl_url_decode(secret);
    return FL_BROKER_OK;
}

fl_broker_rc fl_url_refuse_plain(const fl_broker_host *host, const fl_url_kind *kind,
                                 const char *hosts, const char *things, const char *secure)
{
    if (fl_loopback_has_all(hosts))
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL,
                         "URL of %s would send %s in plain text to another machine; use %s, or add "
                         "plaintext=yes where the network is trusted",
                         kind->name, things, secure);
}

fl_url_place fl_url_place_of(const char *text, const char *port)
{
    fl_url_place place;
    bool is_bracketed = *text == '[';
    text += is_bracketed;
    size_t length = strcspn(text, is_bracketed ? "]" : ":");
    const char *colon = strchr(text + length, ':');
    snprintf(place.host, sizeof place.host, "%.*s", (int)length, text);
    snprintf(place.port, sizeof place.port, "%s", colon && colon[1] ? colon + 1 : port);
    return place;
}

fl_broker_rc fl_url_place_read(const fl_broker_host *host, const fl_url_kind *kind,
                               const char *text, const char *port, fl_url_place *out)
{
    const char *end = *text == '[' ? strchr(text, ']') : text;
    const char *fault = NULL;
    *out = fl_url_place_of(text, port);
    size_t digits = strspn(out->port, "0123456789");
    if (!end || (*text == '[' && end[1] && end[1] != ':'))
        fault = "a malformed address";
    else if (!*out->host)
        fault = "no host";
    else if (!digits || out->port[digits] || atoi(out->port) < 1 || atoi(out->port) > 65535)
        fault = "an invalid port";
    if (!fault)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL, "URL of %s with %s (valid: %s)", kind->name, fault,
                         kind->form);
}

/* ---- Options ---- */

enum { OPTIONS_MOST = 24 };

/* With an @ in the options, their ? may belong to a password. */
static fl_broker_rc refuse_name(const fl_broker_host *host, const fl_url_kind *kind,
                                const char *name, bool hides)
{
    const char *names[OPTIONS_MOST] = {NULL};
    char nearest[256];
    for (unsigned i = 0; i < kind->count && i < OPTIONS_MOST - 1; i++)
        names[i] = kind->options[i].name;
    fl_nearest(name, names, nearest, sizeof nearest);
    return host->explain(host, FL_BROKER_FATAL, "unknown option of %s: '%.40s' (%s%s)", kind->name,
                         hides ? "***" : name,
                         hides ? "write @ and ? of a password as %40 and %3F" : nearest,
                         hides ? "" : kind->others);
}

static fl_broker_rc refuse_value(const fl_broker_host *host, const fl_url_kind *kind,
                                 const fl_url_option *option, const char *value, bool hides)
{
    char range[32];
    snprintf(range, sizeof range, "%u..%u", option->least, option->most);
    return host->explain(host, FL_BROKER_FATAL,
                         "invalid value of an option of %s: %s=%.40s (valid: %s)", kind->name,
                         option->name, hides ? "***" : value,
                         option->type == FL_URL_NUMBER ? range : option->value);
}

/* The place of a word in "FIRST, SECOND, ..."; -1: it is none of them. */
static int place_of(const char *words, const char *word)
{
    size_t length;
    for (int place = 0; *words; place++, words += length + strspn(words + length, ", ")) {
        length = strcspn(words, ",");
        if (strlen(word) == length && strncmp(words, word, length) == 0)
            return place;
    }
    return -1;
}

static bool read_number(const fl_url_option *option, const char *value, unsigned *out)
{
    size_t digits = strspn(value, "0123456789");
    *out = (unsigned)strtoul(value, NULL, 10);
    return digits && digits < 10 && !value[digits] && *out >= option->least && *out <= option->most;
}

/* Stores a value; false: it is not valid. */
static bool keep(const fl_url_option *option, const char *value, void *place)
{
    int word = option->type == FL_URL_FLAG || option->type == FL_URL_WORD
                   ? place_of(option->value, value)
                   : 0;
    switch (option->type) {
    case FL_URL_TEXT:
        *(const char **)place = value;
        return *value;
    case FL_URL_FLAG:
        *(bool *)place = word == 0; /* "yes, no" */
        break;
    case FL_URL_WORD:
        *(unsigned *)place = (unsigned)word;
        break;
    case FL_URL_NUMBER:
        return read_number(option, value, place);
    }
    return word >= 0;
}

static const fl_url_option *option_of(const fl_url_kind *kind, const char *name)
{
    for (unsigned i = 0; i < kind->count; i++)
        if (strcmp(kind->options[i].name, name) == 0)
            return &kind->options[i];
    return NULL;
}

fl_broker_rc fl_url_read_one(const fl_broker_host *host, const fl_url_kind *kind, char *setting,
                             bool hides, void *out)
{
    char *value = fl_cut(setting, '=');
    const fl_url_option *option = option_of(kind, setting);
    bool is_known = option;
    fl_broker_rc rc = FL_BROKER_OK;
    if (value && !fl_percent_is_valid(value))
        return host->explain(host, FL_BROKER_FATAL,
                             "invalid %% in an option of %s: '%.40s' (valid: %s)", kind->name,
                             hides ? "***" : setting, WRITTEN);
    if (value)
        fl_url_decode(value);
    if (option)
        return value && keep(option, value, (char *)out + option->offset)
                   ? FL_BROKER_OK
                   : refuse_value(host, kind, option, value ? value : "", hides);
    if (value && kind->read_other)
        rc = kind->read_other(host, setting, value, out, &is_known);
    return is_known ? rc : refuse_name(host, kind, setting, hides);
}

fl_broker_rc fl_url_read(const fl_broker_host *host, const fl_url_kind *kind, char *settings,
                         void *out)
{
    bool hides = settings && strchr(settings, '@');
    for (char *next; settings; settings = next) {
        next = fl_cut(settings, '&');
        fl_broker_rc rc =
            *settings ? fl_url_read_one(host, kind, settings, hides, out) : FL_BROKER_OK;
        if (rc)
            return rc;
    }
    return FL_BROKER_OK;
}

/* ---- Loopback ---- */

bool fl_loopback_has(const char *name, size_t length)
{
    static const char *const names[] = {"localhost", "::1", "[::1]"};
    char address[INET_ADDRSTRLEN] = "";
    struct in_addr parsed;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && memcmp(name, names[i], length) == 0)
            return true;
    if (length < sizeof address)
        memcpy(address, name, length); /* and its NUL is there */
    return inet_pton(AF_INET, address, &parsed) == 1 &&
           ntohl(parsed.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool fl_loopback_has_all(const char *hosts)
{
    for (const char *at = hosts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t end = *at == '[' ? strcspn(at, "],") : 0;
        if (!fl_loopback_has(at, end + strcspn(at + end, ":,")))
            return false;
    }
    return true;
}

/* ---- The nearest name ---- */

/* Appends a name, or ", ..." where the next ones have no room. */
static bool add(char *text, size_t size, const char *separator, const char *name)
{
    static const char more[] = ", ...";
    size_t used = strlen(text);
    bool fits = used + strlen(separator) + strlen(name) + sizeof more <= size;
    snprintf(text + used, size - used, "%s%s", fits ? separator : more, fits ? name : "");
    return fits;
}

static const char *separator_in(const char *text)
{
    return strchr(text, ' ') ? ", " : " ";
}

/* Names that begin with this one. */
static unsigned add_longer(const char *name, const char *const *names, char *text, size_t size)
{
    unsigned found = 0;
    for (; *names; names++)
        if (strncmp(name, *names, strlen(name)) == 0)
            found += add(text, size, separator_in(text), *names);
    return found;
}

/* Names at exactly this distance. */
static unsigned add_at(unsigned far, const char *name, const char *const *names, char *text,
                       size_t size)
{
    const size_t length = strlen(name);
    unsigned found = 0;
    for (; *names; names++)
        if (strlen(*names) < FL_SPELLING_LONGEST &&
            fl_spelling_distance(name, length, *names, strlen(*names)) == far) {
            if (!add(text, size, separator_in(text), *names))
                break;
            found++;
        }
    return found;
}

void fl_nearest(const char *name, const char *const *names, char *text, size_t size)
{
    const size_t length = strlen(name);
    const unsigned close = fl_spelling_close(length);
    unsigned found = 0;
    snprintf(text, size, "nearest:");
    for (unsigned far = 0; far <= close && length < FL_SPELLING_LONGEST && !found; far++)
        found = add_at(far, name, names, text, size);
    if (found || (*name && add_longer(name, names, text, size)))
        return;
    snprintf(text, size, "valid:");
    while (*names && add(text, size, separator_in(text), *names))
        names++;
}
