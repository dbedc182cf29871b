/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A topic's name has up to 255 bytes, some of which are for prefix and suffix of a subscription. */
enum { NAME_MOST = 200, NAME_LEAST = 3 };

bool fl_pubsub_is_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-_.~+", *at))
            return false;
    return length >= NAME_LEAST && length <= NAME_MOST && isalpha((unsigned char)name[0]) &&
           strncmp(name, "goog", 4) != 0;
}

bool fl_pubsub_is_private(const char *url)
{
    const char *host = strstr(url, "://");
    if (strncmp(url, "https:", 6) == 0)
        return true;
    if (!host)
        return false;
    host += 3;
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return fl_loopback_has(host, length);
}

/* ---- Options ---- */

static const fl_url_option known[] = {
    {"endpoint", "URL",
     "another server, https://HOST or http://HOST:PORT; default: PUBSUB_EMULATOR_HOST, or Google's",
     FL_URL_TEXT, offsetof(fl_pubsub_options, endpoint), 0, 0},
    {"credentials", "FILE, metadata or none",
     "the JSON key of a service account, which others must not be able to read; metadata: from the "
     "machine; none: an emulator; default: GOOGLE_APPLICATION_CREDENTIALS, or metadata",
     FL_URL_TEXT, offsetof(fl_pubsub_options, credentials), 0, 0},
    {"prefix", "TEXT", "begins the names of topics and subscriptions; default: none", FL_URL_TEXT,
     offsetof(fl_pubsub_options, prefix), 0, 0},
    FL_URL_CA(fl_pubsub_options),
    FL_URL_CREATE(fl_pubsub_options, "topics and subscriptions"),
    {"ordering", "yes, no", "runs jobs with the same key one after another; default: no",
     FL_URL_FLAG, offsetof(fl_pubsub_options, is_ordered), 0, 0},
};

const fl_url_kind fl_pubsub_url_kind = {.name = "pubsub",
                                        .form = "pubsub://PROJECT",
                                        .options = known,
                                        .count = sizeof known / sizeof *known,
                                        .others = ""};

/* PUBSUB_EMULATOR_HOST is HOST:PORT, as the vendor's libraries read it: plain HTTP, no credentials. */
static bool use_emulator(fl_pubsub_options *out)
{
    const char *emulator = secure_getenv("PUBSUB_EMULATOR_HOST");
    if (out->endpoint || !emulator || !*emulator)
        return true;
    if (asprintf(&out->emulator, "http://%s", emulator) < 0) {
        out->emulator = NULL;
        return false;
    }
    out->endpoint = out->emulator;
    if (!out->credentials)
        out->credentials = "none";
    return true;
}

static fl_broker_rc check(const fl_broker_host *host, const fl_pubsub_options *out)
{
    size_t length = strlen(out->project);
    bool is_http = strncmp(out->endpoint, "http://", 7) == 0;
    for (const char *at = out->project; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-.:", *at))
            length = 0;
    if (!length)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of pubsub without a project (valid: pubsub://PROJECT, of "
                             "letters, digits, -, . and :)");
    if (!is_http && strncmp(out->endpoint, "https://", 8) != 0)
        return host->explain(host, FL_BROKER_FATAL,
                             "endpoint=%s is not a URL (valid: https://HOST, http://HOST:PORT)",
                             out->endpoint);
    if (*out->prefix && !fl_pubsub_is_name(out->prefix))
        return host->explain(host, FL_BROKER_FATAL,
                             "prefix '%s' cannot begin the name of a topic (valid: a letter, then "
                             "letters, digits, - _ . ~ +; at least 3)",
                             out->prefix);
    if (!fl_pubsub_is_private(out->endpoint) &&
        (!out->credentials || strcmp(out->credentials, "none") != 0))
        return host->explain(host, FL_BROKER_FATAL,
                             "endpoint=%s would send access tokens in plain text to another "
                             "machine; use https://, or credentials=none",
                             out->endpoint);
    return FL_BROKER_OK;
}

fl_broker_rc fl_pubsub_parse(const fl_broker_host *host, const char *url, fl_pubsub_options *out)
{
    *out = (fl_pubsub_options){.prefix = "", .creates = true};
    fl_broker_rc rc = fl_url_cut(host, &fl_pubsub_url_kind, url, &out->url);
    if (rc)
        return rc;
    out->project = out->url.hosts;
    if (out->url.login || (out->url.path && *out->url.path))
        return host->explain(host, FL_BROKER_FATAL,
                             "unexpected login or path in the URL of pubsub (valid: %s)",
                             fl_pubsub_url_kind.form);
    rc = fl_url_read(host, &fl_pubsub_url_kind, out->url.settings, out);
    if (rc)
        return rc;
    if (!use_emulator(out))
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    if (!out->endpoint)
        out->endpoint = "https://pubsub.googleapis.com";
    return check(host, out);
}

void fl_pubsub_options_end(fl_pubsub_options *options)
{
    fl_url_end(&options->url);
    free(options->emulator);
    options->emulator = NULL;
}
