/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/secret.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LEAST = 2, TOKEN_MOST = 86400, TOKEN_USUAL = 3600 }; /* s */
enum { SESSIONS_MOST = 100 };

/* ---- Parts ---- */

static const fl_url_option known[] = {
    {"connection-file", "FILE",
     "a private file, not readable for other users, with the connection string "
     "Endpoint=sb://HOST/;SharedAccessKeyName=NAME;SharedAccessKey=KEY",
     FL_URL_TEXT, offsetof(fl_bus_url, connection_file), 0, 0},
    {"connection-env", "VARIABLE", "an environment variable that holds the connection string",
     FL_URL_TEXT, offsetof(fl_bus_url, connection_env), 0, 0},
    {"key-name", "NAME", "the name of a key", FL_URL_TEXT, offsetof(fl_bus_url, key_name), 0, 0},
    {"key-file", "FILE", "a private file with the key", FL_URL_TEXT, offsetof(fl_bus_url, key_file),
     0, 0},
    {"token-seconds", "NUMBER",
     "lifetime of a token in seconds; it is renewed after three quarters of that; default: 3600",
     FL_URL_NUMBER, offsetof(fl_bus_url, token), TOKEN_LEAST, TOKEN_MOST},
    {"sessions", "NUMBER",
     "for queues that require sessions: how many of them a connection holds at a time",
     FL_URL_NUMBER, offsetof(fl_bus_url, sessions), 1, SESSIONS_MOST},
    FL_URL_CA(fl_bus_url),
    FL_URL_PLAINTEXT(fl_bus_url, "tokens"),
};

const fl_url_kind fl_bus_url_kind = {
    .name = "servicebus",
    .form = "servicebus://NAMESPACE.servicebus.windows.net/?key-name=NAME&key-file=FILE, or "
            "connection-file=FILE, or connection-env=VARIABLE",
    .options = known,
    .count = sizeof known / sizeof *known,
    .has_keys = true,
    .others = ""};

/* HOST[:PORT] */
static void read_place(char *place, fl_bus_url *out)
{
    out->host = place;
    char *port = fl_cut(place, ':');
    if (port && *port)
        out->port = port;
}

/* ---- Connection strings ---- */

static void read_endpoint(char *text, fl_bus_url *out)
{
    fl_cut(text, '/');
    read_place(text, out);
}

/* Names are compared without regard to case, as Azure's libraries do; others, such as EntityPath, do
 * not matter here. The key is base64 and may end with '='. */
static void read_connection(char *text, fl_bus_url *out)
{
    for (char *next; text; text = next) {
        next = fl_cut(text, ';');
        char *value = fl_cut(text, '=');
        if (!value)
            continue;
        if (strcasecmp(text, "Endpoint") == 0 && strncasecmp(value, "sb://", 5) == 0)
            read_endpoint(value + 5, out);
        else if (strcasecmp(text, "SharedAccessKeyName") == 0)
            out->key_name = value;
        else if (strcasecmp(text, "SharedAccessKey") == 0)
            out->key = value;
    }
}

static bool keep_secret(const char *text, fl_bus_url *out)
{
    out->secret = strdup(text);
    out->secret_size = strlen(text);
    return out->secret;
}

static fl_broker_rc read_file(const fl_broker_host *host, const char *path, fl_bus_url *out)
{
    char text[FL_SECRET_BYTES], why[128];
    if (fl_secret_read(path, text, why, sizeof why))
        return host->explain(host, FL_BROKER_REFUSED,
                             "cannot read the secret of the Service Bus URL: %s (%s)", path, why);
    bool kept = keep_secret(text, out);
    explicit_bzero(text, sizeof text);
    return kept ? FL_BROKER_OK
                : host->explain(host, FL_BROKER_LOST, "no memory for a secret; free some");
}

static fl_broker_rc read_secret(const fl_broker_host *host, fl_bus_url *out)
{
    const char *path = out->connection_file ? out->connection_file : out->key_file;
    const char *value = out->connection_env ? secure_getenv(out->connection_env) : NULL;
    fl_broker_rc rc = FL_BROKER_OK;
    if (path)
        rc = read_file(host, path, out);
    else if (out->connection_env && !value)
        return host->explain(host, FL_BROKER_FATAL,
                             "the variable %.60s, which the Service Bus URL names, is not set",
                             out->connection_env);
    else if (value && !keep_secret(value, out))
        rc = host->explain(host, FL_BROKER_LOST, "no memory for a secret; free some");
    if (rc || !out->secret)
        return rc;
    if (out->connection_file || out->connection_env)
        read_connection(out->secret, out);
    else
        out->key = out->secret;
    return FL_BROKER_OK;
}

/* ---- The whole ---- */

static fl_broker_rc check(const fl_broker_host *host, fl_bus_url *out)
{
    if (!*out->host)
        return host->explain(host, FL_BROKER_FATAL, "URL of Service Bus without a host (valid: %s)",
                             fl_bus_url_kind.form);
    if (!out->key_name || !*out->key_name || !out->key || !*out->key)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of Service Bus without a key (valid: key-name=NAME and "
                             "key-file=FILE, or connection-file=FILE, or connection-env=VARIABLE)");
    if (!out->has_tls && !out->plaintext &&
        fl_url_refuse_plain(host, &fl_bus_url_kind, out->host, "tokens", "servicebus://"))
        return FL_BROKER_FATAL;
    if (!out->port)
        out->port = out->has_tls ? "5671" : "5672";
    return FL_BROKER_OK;
}

fl_broker_rc fl_bus_parse(const fl_broker_host *host, const char *url, fl_bus_url *out)
{
    *out = (fl_bus_url){.token = TOKEN_USUAL};
    out->has_tls = strncmp(url, "servicebus+amqp:", 16) != 0;
    fl_broker_rc rc = fl_url_cut(host, &fl_bus_url_kind, url, &out->url);
    if (rc)
        return rc;
    rc = fl_url_login(host, &fl_bus_url_kind, &out->url, &out->key_name, &out->key);
    if (rc)
        return rc;
    read_place(out->url.hosts, out);
    rc = fl_url_read(host, &fl_bus_url_kind, out->url.settings, out);
    rc = rc ? rc : read_secret(host, out);
    return rc ? rc : check(host, out);
}

void fl_bus_url_end(fl_bus_url *url)
{
    fl_url_end(&url->url);
    if (url->secret)
        explicit_bzero(url->secret, url->secret_size);
    free(url->secret);
    url->secret = NULL;
}
