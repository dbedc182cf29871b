/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
#include <runtime/service/secret.h>
#include <runtime/service/url.h>

#include <filch/wait.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LEAST = 2, TOKEN_MOST = 86400, TOKEN_USUAL = 3600 }; /* s */
enum { SESSIONS_MOST = 100 };

/* ---- Parts ---- */

static const fl_url_option known[] = {
    {"key-name", offsetof(fl_bus_url, key_name), false},
    {"key-file", offsetof(fl_bus_url, key_file), false},
    {"connection-file", offsetof(fl_bus_url, connection_file), false},
    {"connection-env", offsetof(fl_bus_url, connection_env), false},
    {"ca", offsetof(fl_bus_url, ca), false},
    {"tls", offsetof(fl_bus_url, has_tls), true},
};

/* Options that are numbers. */
static const struct {
    const char *name;
    long least, most;
} numbers[] = {
    {"token-seconds", TOKEN_LEAST, TOKEN_MOST},
    {"sessions", 1, SESSIONS_MOST},
};
enum number { TOKEN_SECONDS, SESSIONS, NUMBERS };

static fl_broker_rc read_number(const fl_broker_host *host, const char *name, const char *value,
                                void *out_of_it, bool *is_known)
{
    fl_bus_url *out = out_of_it;
    unsigned which = 0;
    while (which < NUMBERS && strcmp(numbers[which].name, name) != 0)
        which++;
    *is_known = which < NUMBERS;
    if (!*is_known)
        return FL_BROKER_OK;
    char *end;
    long number = strtol(value, &end, 10);
    if (!*value || *end || number < numbers[which].least || number > numbers[which].most)
        return host->explain(host, FL_BROKER_FATAL,
                             "%s '%.20s' of the Service Bus URL is invalid (valid: %ld..%ld)", name,
                             value, numbers[which].least, numbers[which].most);
    if (which == SESSIONS)
        out->sessions = (unsigned)number;
    else
        out->token = number * FILCH_SECOND;
    return FL_BROKER_OK;
}

static const fl_url_kind kind = {
    .name = "servicebus",
    .form = "servicebus://NAMESPACE.servicebus.windows.net/?key-name=NAME&key-file=FILE, or "
            "connection-file=FILE, or connection-env=VARIABLE",
    .options = known,
    .count = sizeof known / sizeof *known,
    .others = ", token-seconds, sessions",
    .read_other = read_number,
};

/* HOST[:PORT] */
static void read_place(char *place, fl_bus_url *out)
{
    out->host = place;
    char *port = fl_cut(place, ':');
    if (port && *port)
        out->port = port;
}

static void read_login(char *login, fl_bus_url *out)
{
    char *key = fl_cut(login, ':');
    out->key_name = fl_url_decode(login);
    out->key = key ? fl_url_decode(key) : NULL;
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
                             kind.form);
    if (!out->key_name || !*out->key_name || !out->key || !*out->key)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of Service Bus without a key (valid: key-name=NAME and "
                             "key-file=FILE, or connection-file=FILE, or connection-env=VARIABLE)");
    if (!out->has_tls && !fl_loopback_has(out->host, strlen(out->host)))
        return host->explain(host, FL_BROKER_FATAL,
                             "tls=no would send tokens to %.80s in clear text (valid only on "
                             "loopback)",
                             out->host);
    if (!out->port)
        out->port = out->has_tls ? "5671" : "5672";
    return FL_BROKER_OK;
}

fl_broker_rc fl_bus_parse(const fl_broker_host *host, const char *url, fl_bus_url *out)
{
    *out = (fl_bus_url){.has_tls = true, .token = TOKEN_USUAL * FILCH_SECOND};
    fl_broker_rc rc = fl_url_cut(host, &kind, url, &out->url);
    if (rc)
        return rc;
    if (out->url.login)
        read_login(out->url.login, out);
    read_place(out->url.hosts, out);
    rc = fl_url_read(host, &kind, out->url.settings, out);
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
