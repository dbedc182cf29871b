/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No message has a part of the URL other than the name of an option: the rest may be a password. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>
#include <runtime/service/cut.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- Texts ---- */

static bool is_name(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

/* list: separated by ", " */
static bool is_one_of(const char *text, size_t length, const char *list)
{
    for (size_t size; *list; list += size + strspn(list + size, ", ")) {
        size = strcspn(list, ",");
        if (size == length && memcmp(list, text, length) == 0)
            return true;
    }
    return false;
}

/* ---- Options of our own ---- */

typedef struct own {
    const char *schema;
    unsigned pooled;
} own;

static const fl_url_option known[] = {
    {"filch_schema", "NAME",
     "the schema of the tables; services with different schemas do not see each other; default: "
     "filch",
     FL_URL_TEXT, offsetof(own, schema), 0, 0},
    {"filch_pooler", "session, transaction",
     "transaction: a pooler such as PgBouncer gives each transaction another session, so "
     "statements are not prepared, and the service looks for messages every second instead of "
     "listening; default: session",
     FL_URL_WORD, offsetof(own, pooled), 0, 0},
};

const fl_url_kind fl_pg_url_kind = {.name = "postgres",
                                    .form = "postgres://USER:PASSWORD@HOST:PORT/DATABASE",
                                    .options = known,
                                    .count = sizeof known / sizeof *known,
                                    .others = "; also the parameters of libpq, such as sslmode"};

static fl_broker_rc keep_schema(const fl_broker_host *host, const char *name, fl_pg_target *out)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    size_t length = strlen(name);
    if (length >= sizeof out->schema || strspn(name, letters) < length ||
        (*name >= '0' && *name <= '9') || strncmp(name, "pg_", 3) == 0)
        return host->explain(host, FL_BROKER_FATAL,
                             "invalid option of postgres: filch_schema (valid: at most 63 of a-z, "
                             "0-9 and _, not beginning with a digit or pg_)");
    strcpy(out->schema, name);
    return FL_BROKER_OK;
}

static fl_broker_rc unreadable(const fl_broker_host *host)
{
    return host->explain(host, FL_BROKER_FATAL,
                         "cannot read the URL of the broker postgres (valid: "
                         "postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, special "
                         "characters as %%XX)");
}

static bool is_of_libpq(const PQconninfoOption *options, const char *option)
{
    size_t length = strcspn(option, "=");
    for (; options->keyword; options++)
        if (is_name(option, length, options->keyword))
            return true;
    return is_name(option, length, "ssl"); /* ssl=true: sslmode=require, as JDBC spells it */
}

/* Reads our options, and takes them out of the URL. */
static fl_broker_rc take_options(const fl_broker_host *host, fl_pg_target *out,
                                 const PQconninfoOption *of_libpq, char *url)
{
    own ours = {0};
    char *option = fl_cut(url, '?'), *end = url + strlen(url), sign = '?';
    bool hides = option && strchr(option, '@');
    for (char *next; option; option = next) {
        fl_broker_rc rc = FL_BROKER_OK;
        next = fl_cut(option, '&');
        if (*option && is_of_libpq(of_libpq, option)) { /* at most where it was */
            size_t length = strlen(option);
            *end = sign;
            memmove(end + 1, option, length + 1);
            end += 1 + length;
            sign = '&';
        } else if (*option) {
            rc = fl_url_read_one(host, &fl_pg_url_kind, option, hides, &ours);
            if (!rc && ours.schema) /* before the next one moves over it */
                rc = keep_schema(host, ours.schema, out);
            ours.schema = NULL;
        }
        if (rc)
            return rc;
    }
    out->pooled = ours.pooled;
    return FL_BROKER_OK;
}

/* ---- TLS ---- */

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

/* Also a socket, by its folder, and libpq's default, which is one. */
static bool stays_here(const char *host, size_t length)
{
    return !length || *host == '/' || *host == '@' || fl_loopback_has(host, length);
}

/* Does the connection stay on this machine? `defaults` has the environment's values. */
static bool is_local(const PQconninfoOption *options, const PQconninfoOption *defaults)
{
    const PQconninfoOption *const from[] = {options, defaults};
    const char *at = NULL;
    if (value_of(options, "service"))
        return false;
    for (unsigned i = 0; i < 2 && !at; i++) /* connections go to the address, if there is one */
        at = value_of(from[i], "hostaddr");
    for (unsigned i = 0; i < 2 && !at; i++)
        at = value_of(from[i], "host");
    for (size_t length; at; at = at[length] ? at + length + 1 : NULL) {
        length = strcspn(at, ",");
        if (!stays_here(at, length))
            return false;
    }
    return true;
}

/* ---- The whole ---- */

/* A list for several hosts; an empty one is libpq's default. */
static bool are_ports(const char *list)
{
    for (size_t size;; list += size + 1) {
        size = strcspn(list, ",");
        long port = size ? strtol(list, NULL, 10) : 1;
        if (strspn(list, "0123456789") < size || port < 1 || port > 65535)
            return false;
        if (!list[size])
            return true;
    }
}

/* Values that libpq would refuse at each attempt to connect. */
static fl_broker_rc check_values(const fl_broker_host *host, const PQconninfoOption *options)
{
    static const struct {
        const char *keyword, *valid; /* separated by ", " */
    } chosen[] = {
        {"sslmode", "disable, allow, prefer, require, verify-ca, verify-full"},
        {"gssencmode", "disable, prefer, require"},
        {"channel_binding", "disable, prefer, require"},
        {"target_session_attrs", "any, read-write, read-only, primary, standby, prefer-standby"},
    };
    const char *port = value_of(options, "port");
    if (port && !are_ports(port))
        return host->explain(host, FL_BROKER_FATAL, "invalid port of postgres (valid: 1..65535)");
    for (unsigned i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        const char *value = value_of(options, chosen[i].keyword);
        if (value && !is_one_of(value, strlen(value), chosen[i].valid))
            return host->explain(host, FL_BROKER_FATAL,
                                 "the option %s of postgres has an unknown value (valid: %s)",
                                 chosen[i].keyword, chosen[i].valid);
    }
    return FL_BROKER_OK;
}

static fl_broker_rc parse(const fl_broker_host *host, char *url, PQconninfoOption *defaults,
                          fl_pg_target *out)
{
    fl_broker_rc rc = take_options(host, out, defaults, url);
    if (rc)
        return rc;
    out->options = PQconninfoParse(url, NULL);
    if (!out->options || strncmp(url + strcspn(url, ":"), "://", 3) != 0)
        return unreadable(host);
    rc = check_values(host, out->options);
    if (!rc && !value_of(out->options, "sslmode") && !is_local(out->options, defaults))
        out->sslmode = "verify-full";
    return rc;
}

fl_broker_rc fl_pg_parse(const fl_broker_host *host, const char *url, fl_pg_target *out)
{
    *out = (fl_pg_target){.schema = "filch"};
    char *copy = strdup(url);
    PQconninfoOption *defaults = PQconndefaults();
    fl_broker_rc rc = copy && defaults
                          ? parse(host, copy, defaults, out)
                          : host->explain(host, FL_BROKER_FATAL, "no memory for a URL; free some");
    PQconninfoFree(defaults);
    free(copy);
    if (rc)
        fl_pg_target_end(out);
    return rc;
}

void fl_pg_target_end(fl_pg_target *target)
{
    PQconninfoFree(target->options);
    target->options = NULL;
}
