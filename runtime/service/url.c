/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/percent.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fl_broker_rc fl_url_cut(const fl_broker_host *host, const fl_url_kind *kind, const char *url,
                        fl_url *out)
{
    *out = (fl_url){0};
    const char *rest = strstr(url, "://");
    if (!rest)
        return host->explain(host, FL_BROKER_FATAL, "URL of %s without '://' (valid: %s)",
                             kind->name, kind->form);
    out->size = strlen(rest + 3);
    out->text = strdup(rest + 3);
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    out->settings = fl_cut(out->text, '?');
    char *at = strrchr(out->text, '@'); /* first: a key in base64 may hold a slash */
    out->hosts = at ? at + 1 : out->text;
    if (at) {
        *at = '\0';
        out->login = out->text;
    }
    out->path = fl_cut(out->hosts, '/');
    return FL_BROKER_OK;
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

/* ---- Options ---- */

static fl_broker_rc unknown(const fl_broker_host *host, const fl_url_kind *kind, const char *name)
{
    char names[256] = "";
    size_t length = 0;
    for (unsigned i = 0; i < kind->count && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                                   kind->options[i].name);
    return host->explain(host, FL_BROKER_FATAL,
                         "unknown option of %s: '%.40s' (valid: %s%s, each with =VALUE)",
                         kind->name, fl_url_show(name), names, kind->others);
}

static fl_broker_rc keep(const fl_broker_host *host, const fl_url_kind *kind,
                         const fl_url_option *option, const char *value, void *out)
{
    void *place = (char *)out + option->offset;
    bool says_yes = strcmp(value, "yes") == 0;
    if (!option->is_flag)
        *(const char **)place = value;
    else if (says_yes || strcmp(value, "no") == 0)
        *(bool *)place = says_yes;
    else
        return host->explain(host, FL_BROKER_FATAL, "%s=%.40s is no option of %s (valid: yes, no)",
                             option->name, fl_url_show(value), kind->name);
    return FL_BROKER_OK;
}

static fl_broker_rc read_one(const fl_broker_host *host, const fl_url_kind *kind, char *name,
                             void *out)
{
    char *value = fl_cut(name, '=');
    if (!value)
        return unknown(host, kind, name);
    fl_url_decode(value);
    for (unsigned i = 0; i < kind->count; i++)
        if (strcmp(kind->options[i].name, name) == 0)
            return keep(host, kind, &kind->options[i], value, out);
    bool is_known = false;
    fl_broker_rc rc =
        kind->read_other ? kind->read_other(host, name, value, out, &is_known) : FL_BROKER_OK;
    return is_known ? rc : unknown(host, kind, name);
}

fl_broker_rc fl_url_read(const fl_broker_host *host, const fl_url_kind *kind, char *settings,
                         void *out)
{
    for (char *next; settings && *settings; settings = next) {
        next = fl_cut(settings, '&');
        fl_broker_rc rc = read_one(host, kind, settings, out);
        if (rc)
            return rc;
    }
    return FL_BROKER_OK;
}

fl_url_place fl_url_place_of(const char *text, const char *port)
{
    fl_url_place place;
    bool is_bracketed = *text == '[';
    text += is_bracketed;
    size_t length = strcspn(text, is_bracketed ? "]" : ":");
    const char *colon = strchr(text + length, ':');
    snprintf(place.host, sizeof place.host, "%.*s", (int)length, text);
    snprintf(place.port, sizeof place.port, "%s", colon ? colon + 1 : port);
    return place;
}
