/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/cut.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fl_url_option known[] = {
    {"region", "NAME",
     "the AWS region; default: AWS_REGION, AWS_DEFAULT_REGION, the profile's region", FL_URL_TEXT,
     offsetof(fl_sqs_options, region), 0, 0},
    {"profile", "NAME",
     "a profile of AWS's shared files; its keys come before the environment's; default: "
     "AWS_PROFILE, or default",
     FL_URL_TEXT, offsetof(fl_sqs_options, profile), 0, 0},
    {"group", "NAME", "the group of FIFO messages that name none; default: the queue's name",
     FL_URL_TEXT, offsetof(fl_sqs_options, group), 0, 0},
    FL_URL_CA(fl_sqs_options),
    FL_URL_CREATE(fl_sqs_options, "queues"),
    FL_URL_PLAINTEXT(fl_sqs_options, "messages"),
};

const fl_url_kind fl_sqs_url_kind = {.name = "sqs",
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
                             "region '%.40s' is not a valid name (valid: letters, digits and -)",
                             fl_url_show(out->region));
    return FL_BROKER_OK;
}

static fl_broker_rc read_host(const fl_broker_host *host, const char *text, fl_sqs_options *out)
{
    if (!is_host(text))
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of sqs without a valid host (valid: %s; keys come from the "
                             "environment or files)",
                             fl_sqs_url_kind.form);
    strcpy(out->host, text);
    return FL_BROKER_OK;
}

/* AWS General Reference, "Amazon SQS endpoints": China's regions have a domain of their own. */
static void derive_host(fl_sqs_options *out)
{
    snprintf(out->host, sizeof out->host, "sqs.%s.amazonaws.com%s", out->region,
             strncmp(out->region, "cn-", 3) == 0 ? ".cn" : "");
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
                               "account '%.40s' of an sqs URL is not a number (valid: 12 digits)",
                               fl_url_show(text));
}

fl_broker_rc fl_sqs_parse(const fl_broker_host *host, const char *url, fl_sqs_options *out)
{
    *out = (fl_sqs_options){.creates = true};
    bool has_host = strncmp(strchr(url, ':'), "://", 3) == 0,
         has_tls = strncmp(url, "sqs+http:", 9) != 0;
    fl_broker_rc rc = has_host ? fl_url_cut(host, &fl_sqs_url_kind, url, &out->url)
                               : fl_url_cut_path(host, url, &out->url);
    const char *place = has_host ? out->url.hosts : out->url.path;
    if (rc)
        return rc;
    if (has_host || !has_tls || *place)
        rc = read_host(host, out->url.login || !has_host ? "" : place, out);
    rc = rc ? rc : fl_url_read(host, &fl_sqs_url_kind, out->url.settings, out);
    rc = rc ? rc : find_region(host, out);
    if (!rc && has_host)
        rc = read_account(host, out->url.path, out);
    if (!rc && !*out->host)
        derive_host(out);
    out->is_local = fl_loopback_has(out->host, name_length(out->host));
    if (!rc && !has_tls && !out->plaintext)
        rc = fl_url_refuse_plain(host, &fl_sqs_url_kind, out->host, "messages", "sqs://");
    snprintf(out->endpoint, sizeof out->endpoint, "http%s://%s/", has_tls ? "s" : "", out->host);
    return rc;
}
