/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
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
    {"prefix", offsetof(fl_nats_options, prefix), false},
    {"creds", offsetof(fl_nats_options, creds), false},
    {"ca", offsetof(fl_nats_options, ca), false},
    {"cert", offsetof(fl_nats_options, cert), false},
    {"key", offsetof(fl_nats_options, key), false},
    {"create", offsetof(fl_nats_options, creates), true},
    {"plain-password", offsetof(fl_nats_options, sends_plain), true},
};

static const fl_url_kind kind = {.name = "nats",
                                 .form = "nats://HOST[:PORT][/STREAM]",
                                 .options = known,
                                 .count = sizeof known / sizeof *known,
                                 .others = ""};

static void read_login(char *login, fl_nats_options *out)
{
    char *password = fl_cut(login, ':');
    if (password) {
        out->user = fl_url_decode(login);
        out->password = fl_url_decode(password);
    } else {
        out->token = fl_url_decode(login);
    }
}

static fl_broker_rc check(const fl_broker_host *host, const fl_nats_options *out)
{
    bool is_secret = out->password || out->token;
    if (!*out->hosts)
        return host->explain(host, FL_BROKER_FATAL, "URL of nats without a host (valid: %s)",
                             kind.form);
    if (!fl_nats_is_name(out->stream, ""))
        return host->explain(host, FL_BROKER_FATAL,
                             "stream '%s' is no name (valid: letters, digits, - and _)",
                             fl_url_show(out->stream));
    if (out->prefix && !fl_nats_is_name(out->prefix, "."))
        return host->explain(host, FL_BROKER_FATAL,
                             "prefix '%s' is no subject (valid: letters, digits, -, _ and .)",
                             fl_url_show(out->prefix));
    if (is_secret && !out->has_tls && !fl_loopback_has_all(out->hosts) && !out->sends_plain)
        return host->explain(host, FL_BROKER_FATAL,
                             "nats:// would send a password in plain text to another machine; use "
                             "nats+tls://, or add plain-password=yes");
    return FL_BROKER_OK;
}

fl_broker_rc fl_nats_parse(const fl_broker_host *host, const char *url, fl_nats_options *out)
{
    *out = (fl_nats_options){.stream = "filch", .creates = true};
    out->has_tls = strncmp(url, "nats+tls:", 9) == 0;
    fl_broker_rc rc = fl_url_cut(host, &kind, url, &out->url);
    if (rc)
        return rc;
    out->hosts = out->url.hosts;
    if (out->url.login)
        read_login(out->url.login, out);
    if (out->url.path && *out->url.path)
        out->stream = fl_url_decode(out->url.path);
    rc = fl_url_read(host, &kind, out->url.settings, out);
    if (!out->prefix)
        out->prefix = out->stream;
    return rc ? rc : check(host, out);
}

void fl_nats_options_end(fl_nats_options *options)
{
    fl_url_end(&options->url);
}
