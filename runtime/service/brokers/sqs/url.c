/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/profile.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fl_url_option known[] = {
    {"region", offsetof(fl_sqs_options, region), false},
    {"profile", offsetof(fl_sqs_options, profile), false},
    {"ca", offsetof(fl_sqs_options, ca), false},
    {"group", offsetof(fl_sqs_options, group), false},
    {"create", offsetof(fl_sqs_options, creates), true},
    {"plain", offsetof(fl_sqs_options, is_plain), true},
};

static const fl_url_kind kind = {.name = "sqs",
                                 .form = "sqs:?region=NAME, sqs://HOST[:PORT]/ACCOUNT/",
                                 .options = known,
                                 .count = sizeof known / sizeof *known,
                                 .others = ""};

static bool is_made_of(const char *text, const char *valid, size_t most)
{
    size_t length = strlen(text);
    return length && length <= most && strspn(text, valid) == length;
}

/* ---- Region and endpoint ---- */

/* The length of the name in NAME[:PORT] or [ADDRESS][:PORT]. */
static size_t name_length(const char *host)
{
    return *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
}

static bool is_host(const char *text)
{
    static const char valid[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
    if (!is_made_of(text, valid, FL_SQS_HOST - 1))
        return false;
    size_t length = name_length(text);
    const char *port = length <= strlen(text) ? text + length : "?";
    return length && (!*port || (*port == ':' && is_made_of(port + 1, "0123456789", 5)));
}

static fl_broker_rc find_region(const fl_broker_host *host, fl_sqs_options *out)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    for (unsigned i = 0; i < 2 && !out->region; i++) {
        const char *value = secure_getenv(variables[i]);
        out->region = value && *value ? value : NULL;
    }
    if (!out->region &&
        fl_sqs_profile_read(out->profile, "region", out->found_region, sizeof out->found_region))
        out->region = out->found_region;
    if (!out->region)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of sqs without a region; add region=NAME, such as eu-central-1, "
                             "or set AWS_REGION");
    if (!is_made_of(out->region, "abcdefghijklmnopqrstuvwxyz0123456789-", FL_SQS_REGION - 1))
        return host->explain(host, FL_BROKER_FATAL,
                             "region '%.40s' is no name (valid: letters, digits and -)",
                             fl_url_show(out->region));
    return FL_BROKER_OK;
}

static fl_broker_rc read_host(const fl_broker_host *host, const char *text, fl_sqs_options *out)
{
    if (!is_host(text))
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of sqs without a valid host (valid: %s; keys come from the "
                             "environment or files)",
                             kind.form);
    strcpy(out->host, text);
    return FL_BROKER_OK;
}

/* AWS General Reference, "Amazon SQS endpoints": China's regions have a domain of their own. */
static void derive_host(fl_sqs_options *out)
{
    snprintf(out->host, sizeof out->host, "sqs.%s.amazonaws.com%s", out->region,
             strncmp(out->region, "cn-", 3) == 0 ? ".cn" : "");
}

static fl_broker_rc check_plain(const fl_broker_host *host, const fl_sqs_options *out)
{
    if (out->is_plain || out->is_local)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL,
                         "sqs+http:// would send messages in plain text to another machine; use "
                         "sqs://, or add plain=yes");
}

/* ACCOUNT or ACCOUNT/ */
static fl_broker_rc read_account(const fl_broker_host *host, char *text, fl_sqs_options *out)
{
    fl_cut(text, '/');
    if (!text || !*text)
        return FL_BROKER_OK;
    out->account = text;
    return is_made_of(text, "0123456789", 12)
               ? FL_BROKER_OK
               : host->explain(host, FL_BROKER_FATAL,
                               "account '%.40s' of an sqs URL is no number (valid: 12 digits)",
                               fl_url_show(text));
}

fl_broker_rc fl_sqs_parse(const fl_broker_host *host, const char *url, fl_sqs_options *out)
{
    *out = (fl_sqs_options){.creates = true};
    const char *rest = strchr(url, ':') + 1;
    bool has_host = strncmp(rest, "//", 2) == 0, has_tls = strncmp(url, "sqs+http:", 9) != 0;
    out->text = strdup(has_host ? rest + 2 : rest);
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    char *settings = fl_cut(out->text, '?'), *account = fl_cut(out->text, '/');
    fl_broker_rc rc =
        has_host || !has_tls || *out->text ? read_host(host, out->text, out) : FL_BROKER_OK;
    rc = rc ? rc : fl_url_read(host, &kind, settings, out);
    rc = rc ? rc : find_region(host, out);
    rc = rc ? rc : read_account(host, account, out);
    if (!rc && !*out->host)
        derive_host(out);
    out->is_local = fl_loopback_has(out->host, name_length(out->host));
    if (!rc && !has_tls)
        rc = check_plain(host, out);
    snprintf(out->endpoint, sizeof out->endpoint, "http%s://%s/", has_tls ? "s" : "", out->host);
    return rc;
}

void fl_sqs_options_end(fl_sqs_options *options)
{
    free(options->text);
    options->text = NULL;
}
