/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus_url.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/loopback.h>
#include <runtime/service/percent.h>
#include <runtime/service/secret.h>

#include <filch/wait.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LEAST = 2, TOKEN_MOST = 86400, TOKEN_USUAL = 3600 }; /* s */

/* ---- Parts ---- */

static const char *decode(char *text)
{
    fl_percent_decode(text, text);
    return text;
}

static const struct {
    const char *name;
    size_t offset;
} options[] = {
    {"key-name", offsetof(fl_bus_url, key_name)},
    {"key-file", offsetof(fl_bus_url, key_file)},
    {"connection-file", offsetof(fl_bus_url, connection_file)},
    {"connection-env", offsetof(fl_bus_url, connection_env)},
    {"ca", offsetof(fl_bus_url, ca)},
    {"tls", offsetof(fl_bus_url, tls)},
};
enum { OPTIONS = sizeof options / sizeof *options };

static fl_broker_rc read_lifetime(const fl_broker_host *host, const char *value, fl_bus_url *out)
{
    char *end;
    long seconds = strtol(value, &end, 10);
    if (!*value || *end || seconds < TOKEN_LEAST || seconds > TOKEN_MOST)
        return host->explain(host, FL_BROKER_FATAL,
                             "token-seconds '%.20s' of the Service Bus URL is invalid (valid: "
                             "%d..%d)",
                             value, TOKEN_LEAST, TOKEN_MOST);
    out->token = seconds * FILCH_SECOND;
    return FL_BROKER_OK;
}

static fl_broker_rc read_option(const fl_broker_host *host, char *text, fl_bus_url *out)
{
    char *value = fl_cut(text, '=');
    if (value && strcmp(text, "token-seconds") == 0)
        return read_lifetime(host, value, out);
    for (unsigned i = 0; i < OPTIONS && value && *value; i++)
        if (strcmp(options[i].name, text) == 0) {
            const char *decoded = decode(value);
            memcpy((char *)out + options[i].offset, &decoded, sizeof decoded);
            return FL_BROKER_OK;
        }
    return host->explain(
        host, FL_BROKER_FATAL,
        "unknown option of the Service Bus URL: '%.40s' (valid: key-name, key-file, "
        "connection-file, connection-env, ca, tls, token-seconds, each with =VALUE)",
        text);
}

/* HOST[:PORT], up to a slash. */
static void read_place(char *place, fl_bus_url *out)
{
    fl_cut(place, '/');
    out->host = place;
    char *port = fl_cut(place, ':');
    if (port && *port)
        out->port = port;
}

static void read_login(char *login, fl_bus_url *out)
{
    char *key = fl_cut(login, ':');
    out->key_name = decode(login);
    out->key = key ? decode(key) : NULL;
}

/* ---- Connection strings ---- */

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
            read_place(value + 5, out);
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
    const char *value = out->connection_env ? getenv(out->connection_env) : NULL;
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
    bool is_plain = strcmp(out->tls, "no") == 0;
    if (!*out->host)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of Service Bus without a host (valid: "
                             "servicebus://NAMESPACE.servicebus.windows.net/?key-name=NAME&"
                             "key-file=FILE, or connection-file=FILE, or connection-env=VARIABLE)");
    if (!out->key_name || !*out->key_name || !out->key || !*out->key)
        return host->explain(host, FL_BROKER_FATAL,
                             "URL of Service Bus without a key (valid: key-name=NAME and "
                             "key-file=FILE, or connection-file=FILE, or connection-env=VARIABLE)");
    if (!is_plain && strcmp(out->tls, "yes") != 0)
        return host->explain(host, FL_BROKER_FATAL,
                             "tls '%.20s' of the Service Bus URL is invalid (valid: yes, no)",
                             out->tls);
    if (is_plain && !fl_loopback_has(out->host, strlen(out->host)))
        return host->explain(host, FL_BROKER_FATAL,
                             "tls=no would send tokens to %.80s in clear text (valid only on "
                             "loopback)",
                             out->host);
    if (!out->port)
        out->port = is_plain ? "5672" : "5671";
    return FL_BROKER_OK;
}

fl_broker_rc fl_bus_parse(const fl_broker_host *host, const char *url, fl_bus_url *out)
{
    *out = (fl_bus_url){.tls = "yes", .token = TOKEN_USUAL * FILCH_SECOND};
    const char *rest = strstr(url, "://");
    out->text = strdup(rest ? rest + 3 : "");
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    out->size = strlen(out->text);
    char *option = fl_cut(out->text, '?'), *at = strrchr(out->text, '@');
    if (at) {
        *at = '\0';
        read_login(out->text, out);
    }
    read_place(at ? at + 1 : out->text, out);
    fl_broker_rc rc = FL_BROKER_OK;
    while (option && *option && !rc) {
        char *next = fl_cut(option, '&');
        rc = read_option(host, option, out);
        option = next;
    }
    if (!rc)
        rc = read_secret(host, out);
    return rc ? rc : check(host, out);
}

void fl_bus_url_end(fl_bus_url *url)
{
    if (url->text)
        explicit_bzero(url->text, url->size);
    if (url->secret)
        explicit_bzero(url->secret, url->secret_size);
    free(url->text);
    free(url->secret);
    url->text = url->secret = NULL;
}
