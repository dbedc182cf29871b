/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

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

/* ---- Parts ---- */

static const fl_url_option known[] = {
    {"prefix", "SUBJECT", "subjects are SUBJECT.QUEUE; default: the stream's name", FL_URL_TEXT,
     offsetof(fl_nats_options, prefix), 0, 0},
    {"creds", "FILE", "a login by JWT, as nsc makes it; others must not be able to read it",
     FL_URL_TEXT, offsetof(fl_nats_options, creds), 0, 0},
    FL_URL_CA(fl_nats_options),
    FL_URL_CERT(fl_nats_options),
    FL_URL_KEY(fl_nats_options),
    FL_URL_CREATE(fl_nats_options, "streams and consumers"),
    FL_URL_PLAINTEXT(fl_nats_options, "a password or token"),
};

const fl_url_kind fl_nats_url_kind = {.name = "nats",
                                      .form = "nats://HOST[:PORT][/STREAM]",
                                      .options = known,
                                      .count = sizeof known / sizeof *known,
                                      .has_keys = true,
                                      .others = ""};

/* USER:PASSWORD or TOKEN */
static fl_broker_rc read_login(const fl_broker_host *host, fl_nats_options *out)
{
    fl_broker_rc rc = fl_url_login(host, &fl_nats_url_kind, &out->url, &out->user, &out->password);
    if (!out->password) {
        out->token = out->user;
        out->user = NULL;
    }
    return rc;
}

static fl_broker_rc check(const fl_broker_host *host, const fl_nats_options *out)
{
    bool is_secret = out->password || out->token;
    if (!*out->hosts)
        return host->explain(host, FL_BROKER_FATAL, "URL of nats without a host (valid: %s)",
                             fl_nats_url_kind.form);
    if (!fl_nats_is_name(out->stream, ""))
        return host->explain(host, FL_BROKER_FATAL,
                             "stream '%s' is not a valid name (valid: letters, digits, - and _)",
                             fl_url_show(out->stream));
    if (out->prefix && !fl_nats_is_name(out->prefix, "."))
        return host->explain(
            host, FL_BROKER_FATAL,
            "prefix '%s' is not a valid subject (valid: letters, digits, -, _ and .)",
            fl_url_show(out->prefix));
    return is_secret && !out->has_tls && !out->plaintext
               ? fl_url_refuse_plain(host, &fl_nats_url_kind, out->hosts, "a password",
                                     "nats+tls://")
               : FL_BROKER_OK;
}

fl_broker_rc fl_nats_parse(const fl_broker_host *host, const char *url, fl_nats_options *out)
{
    *out = (fl_nats_options){.stream = "filch", .creates = true};
    out->has_tls = strncmp(url, "nats+tls:", 9) == 0;
    fl_broker_rc rc = fl_url_cut(host, &fl_nats_url_kind, url, &out->url);
    if (rc)
        return rc;
    out->hosts = out->url.hosts;
    rc = read_login(host, out);
    if (out->url.path && *out->url.path)
        out->stream = fl_url_decode(out->url.path);
    rc = rc ? rc : fl_url_read(host, &fl_nats_url_kind, out->url.settings, out);
    if (!out->prefix)
        out->prefix = out->stream;
    return rc ? rc : check(host, out);
}
