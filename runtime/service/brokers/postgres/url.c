/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No message has a part of the URL other than the name of an option: the rest may be a password. */
#include <runtime/service/brokers/postgres/postgres.h>

#include <runtime/service/broker.h>
#include <runtime/service/loopback.h>

#include <stdio.h>
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

static bool read_schema(fl_pg_target *out, const char *value, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    if (!length || length >= sizeof out->schema || strspn(value, letters) < length ||
        (*value >= '0' && *value <= '9') || (length >= 3 && memcmp(value, "pg_", 3) == 0))
        return false;
    memcpy(out->schema, value, length);
    out->schema[length] = '\0';
    return true;
}

static bool read_pooler(fl_pg_target *out, const char *value, size_t length)
{
    out->pooled = is_name(value, length, "transaction");
    return out->pooled || is_name(value, length, "session");
}

static const struct {
    const char *name, *valid;
    bool (*read)(fl_pg_target *out, const char *value, size_t length);
} own[] = {
    {"filch_schema", "at most 63 of a-z, 0-9 and _, not beginning with a digit or pg_",
     read_schema},
    {"filch_pooler", "session, transaction", read_pooler},
};
enum { OWN = sizeof own / sizeof *own };

static fl_broker_rc unreadable(const fl_broker_host *host)
{
    return host->explain(host, FL_BROKER_FATAL,
                         "cannot read the URL of the broker postgres (valid: "
                         "postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE, special "
                         "characters as %%XX)");
}

static bool is_of_libpq(const PQconninfoOption *options, const char *name, size_t length)
{
    for (; options->keyword; options++)
        if (is_name(name, length, options->keyword))
            return true;
    return is_name(name, length, "ssl"); /* ssl=true: sslmode=require, as JDBC spells it */
}

/* One NAME=VALUE of the query; *keep: it goes to libpq. */
static fl_broker_rc read_option(const fl_broker_host *host, fl_pg_target *out,
                                const PQconninfoOption *known, const char *option, size_t length,
                                bool *keep)
{
    const char *equals = memchr(option, '=', length);
    size_t name = equals ? (size_t)(equals - option) : length;
    for (unsigned i = 0; i < OWN; i++)
        if (is_name(option, name, own[i].name)) {
            *keep = false;
            if (equals && own[i].read(out, equals + 1, length - name - 1))
                return FL_BROKER_OK;
            return host->explain(host, FL_BROKER_FATAL,
                                 "the option %s of postgres has an unknown value (valid: %s)",
                                 own[i].name, own[i].valid);
        }
    *keep = true;
    if (is_of_libpq(known, option, name))
        return FL_BROKER_OK;
    if (strchr(option, '@')) /* the '?' was in a password */
        return unreadable(host);
    return host->explain(host, FL_BROKER_FATAL,
                         "unknown option of postgres: '%.*s' (valid: filch_schema, filch_pooler, "
                         "and the parameters of libpq, such as sslmode)",
                         name < 64 ? (int)name : 64, option);
}

/* Reads our options, and takes them out of the URL. */
static fl_broker_rc take_options(const fl_broker_host *host, fl_pg_target *out,
                                 const PQconninfoOption *known, char *url)
{
    char *query = strchr(url, '?'), *to = query;
    for (char *at = query; at && *at;) {
        bool keep = false;
        size_t length = strcspn(++at, "&");
        fl_broker_rc rc = length ? read_option(host, out, known, at, length, &keep) : FL_BROKER_OK;
        if (rc)
            return rc;
        if (keep) { /* at most where it was */
            *to = to == query ? '?' : '&';
            memmove(to + 1, at, length);
            to += 1 + length;
        }
        at += length;
    }
    if (query)
        *to = '\0';
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
    if (port && port[strspn(port, "0123456789,")])
        return host->explain(host, FL_BROKER_FATAL,
                             "the port of postgres is no number (valid: 1..65535)");
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
