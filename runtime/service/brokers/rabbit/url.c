/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <runtime/service/broker.h>
#include <runtime/service/loopback.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An option is a file, a number of a range, or a word; the value of a word is its place. */
static const struct option {
    const char *name, *words;
    unsigned least, most;
    size_t offset;
} options[] = {
    {"queue", "quorum classic", 0, 1, offsetof(fl_rabbit_url, classic)},
    {"create", "no yes", 0, 1, offsetof(fl_rabbit_url, create)},
    {"adopt", "no yes", 0, 1, offsetof(fl_rabbit_url, adopt)},
    {"plaintext", "no yes", 0, 1, offsetof(fl_rabbit_url, plaintext)},
    {"heartbeat", NULL, 1, 3600, offsetof(fl_rabbit_url, heartbeat)},
    {"delivery-limit", NULL, 1, 1000000, offsetof(fl_rabbit_url, delivery_limit)},
    {"cacertfile", NULL, 0, 0, offsetof(fl_rabbit_url, cacertfile)},
    {"certfile", NULL, 0, 0, offsetof(fl_rabbit_url, certfile)},
    {"keyfile", NULL, 0, 0, offsetof(fl_rabbit_url, keyfile)},
};
enum { OPTIONS = sizeof options / sizeof *options };

/* These return false where the value is not valid. */
static bool read_word(const struct option *option, const char *value, unsigned *out)
{
    size_t first = strcspn(option->words, " ");
    const char *second = option->words + first + 1;
    *out = strcmp(value, second) == 0;
    return *out || (strlen(value) == first && strncmp(value, option->words, first) == 0);
}

static bool read_number(const struct option *option, const char *value, unsigned *out)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    *out = (unsigned)number;
    return *value >= '0' && *value <= '9' && !*end && number >= option->least &&
           number <= option->most;
}

static bool read_value(const struct option *option, const char *value, fl_rabbit_url *out)
{
    char *to = (char *)out + option->offset;
    if (option->most)
        return option->words ? read_word(option, value, (unsigned *)(void *)to)
                             : read_number(option, value, (unsigned *)(void *)to);
    memcpy(to, &value, sizeof value);
    return *value;
}

static fl_broker_rc is_invalid(const fl_broker_host *host, const struct option *option,
                               const char *value)
{
    char range[32];
    snprintf(range, sizeof range, "%u..%u", option->least, option->most);
    const char *valid = option->words ? option->words : option->most ? range : "a file";
    return host->explain(host, FL_BROKER_FATAL,
                         "%s '%s' of the RabbitMQ URL is invalid (valid: %s)", option->name, value,
                         valid);
}

static fl_broker_rc read_option(const fl_broker_host *host, char *text, fl_rabbit_url *out)
{
    size_t length = strcspn(text, "=");
    const char *value = text + length + (text[length] == '=');
    for (unsigned i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == length && strncmp(text, options[i].name, length) == 0)
            return read_value(&options[i], value, out) ? FL_BROKER_OK
                                                       : is_invalid(host, &options[i], value);
    return host->explain(
        host, FL_BROKER_FATAL,
        "unknown option of the RabbitMQ URL: '%.*s' (valid: queue, create, "
        "adopt, plaintext, heartbeat, delivery-limit, cacertfile, certfile, keyfile)",
        (int)length, text);
}

static fl_broker_rc is_safe(const fl_broker_host *host, const fl_rabbit_url *url)
{
    const struct amqp_connection_info *server = &url->server;
    if (fl_loopback_has(server->host, strlen(server->host)))
        return FL_BROKER_OK;
    if (strcmp(server->user, "guest") == 0)
        return host->explain(host, FL_BROKER_FATAL,
                             "user 'guest' at %s (valid only on loopback); create a user with "
                             "rabbitmqctl add_user, and name it in the URL",
                             server->host);
    if (!server->ssl && !url->plaintext)
        return host->explain(host, FL_BROKER_FATAL,
                             "the password would go to %s in clear text; use amqps://, or add "
                             "plaintext=yes where the network is trusted",
                             server->host);
    return FL_BROKER_OK;
}

/* Ends the text of the URL before its options, and reads them. */
static fl_broker_rc read_options(const fl_broker_host *host, fl_rabbit_url *out)
{
    char *next = NULL, *list = strchr(out->text, '?');
    fl_broker_rc rc = FL_BROKER_OK;
    if (!list)
        return rc;
    *list++ = '\0';
    for (char *one = strtok_r(list, "&", &next); one && !rc; one = strtok_r(NULL, "&", &next))
        rc = read_option(host, one, out);
    return rc;
}

static fl_broker_rc unreadable(const fl_broker_host *host)
{
    return host->explain(
        host, FL_BROKER_FATAL,
        "the RabbitMQ URL does not parse (valid: "
        "amqp://USER:PASSWORD@HOST:PORT/VHOST?OPTIONS; characters such as @, / and ? "
        "in a password, and @ behind the host, as %%40, %%2F and %%3F)");
}

/* Does an @ follow the first / or ?: a password that holds one of these? Messages would show it. */
static bool is_cut(const char *url)
{
    const char *place = strstr(url, "://");
    const char *end = place ? strpbrk(place + strlen("://"), "/?") : NULL;
    return end && strchr(end, '@');
}

fl_broker_rc fl_rabbit_parse(const fl_broker_host *host, const char *url, fl_rabbit_url *out)
{
    static char root[] = "/";
    if (is_cut(url))
        return unreadable(host);
    *out = (fl_rabbit_url){.text = strdup(url), .heartbeat = 10, .delivery_limit = 20, .create = 1};
    if (!out->text)
        return host->explain(host, FL_BROKER_LOST, "no memory for a URL; free some");
    fl_broker_rc rc = read_options(host, out);
    if (!rc && amqp_parse_url(out->text, &out->server))
        rc = unreadable(host);
    if (!rc && !*out->server.vhost) /* as in amqp://host/, which people write for the default */
        out->server.vhost = root;
    if (!rc)
        rc = is_safe(host, out);
    if (rc)
        free(out->text);
    return rc;
}
