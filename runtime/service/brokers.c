/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers.h>

#include <filch/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const fl_broker_kind *const brokers[] = {
    &fl_broker_memory,
#ifdef FILCH_HAVE_SQLITE
    &fl_broker_sqlite,
#endif
#ifdef FILCH_HAVE_RABBIT
    &fl_broker_rabbit,
#endif
#ifdef FILCH_HAVE_POSTGRES
    &fl_broker_postgres,
#endif
#ifdef FILCH_HAVE_REDIS
    &fl_broker_redis,
#endif
#ifdef FILCH_HAVE_NATS
    &fl_broker_nats,
#endif
};
enum { BROKERS = sizeof brokers / sizeof *brokers };

static bool has_scheme(const fl_broker_kind *kind, const char *scheme, size_t length)
{
    for (const char *at = kind->schemes; *at;) {
        size_t size = strcspn(at, " ");
        if (size == length && strncmp(at, scheme, length) == 0)
            return true;
        at += size + strspn(at + size, " ");
    }
    return false;
}

const fl_broker_kind *fl_broker_of(const char *url)
{
    char valid[128] = "";
    const char *colon = strchr(url, ':');
    size_t length = colon ? (size_t)(colon - url) : strlen(url);
    for (unsigned i = 0; i < BROKERS; i++) {
        if (colon && has_scheme(brokers[i], url, length))
            return brokers[i];
        size_t used = strlen(valid);
        snprintf(valid + used, sizeof valid - used, "%s%s", i ? " " : "", brokers[i]->schemes);
    }
    /* only the scheme: the rest may hold a password */
    filch_error_set(-EINVAL, "unknown broker '%.*s' (valid schemes, before a colon: %s)",
                    length < 32 ? (int)length : 32, url, valid);
    return NULL;
}

const fl_broker_kind *fl_broker_at(unsigned i)
{
    return i < BROKERS ? brokers[i] : NULL;
}

static const struct {
    const char *name;
    size_t offset;
} features[] = {
    {"durable", offsetof(fl_broker_caps, durable)},
    {"priority", offsetof(fl_broker_caps, priority)},
    {"delay", offsetof(fl_broker_caps, delay)},
    {"dedup", offsetof(fl_broker_caps, dedup)},
    {"remembers", offsetof(fl_broker_caps, remembers)},
    {"expiry", offsetof(fl_broker_caps, expiry)},
    {"deliveries", offsetof(fl_broker_caps, deliveries)},
    {"extends", offsetof(fl_broker_caps, extends)},
    {"keeps-leases", offsetof(fl_broker_caps, keeps_leases)},
    {"transactions", offsetof(fl_broker_caps, transactions)},
    {"count", offsetof(fl_broker_caps, counts)},
    {"peek", offsetof(fl_broker_caps, peek)},
    {"cancel", offsetof(fl_broker_caps, cancel)},
    {"pause", offsetof(fl_broker_caps, pause)},
    {"stop", offsetof(fl_broker_caps, stop)},
    {"records", offsetof(fl_broker_caps, records)},
};

size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size)
{
    char line[512];
    size_t used = (size_t)snprintf(line, sizeof line, "%s:", kind->name);
    for (unsigned i = 0; i < sizeof features / sizeof *features; i++) {
        bool has = *(const bool *)((const char *)caps + features[i].offset);
        used += (size_t)snprintf(line + used, sizeof line - used, " %s %s;", features[i].name,
                                 has ? "yes" : "no");
    }
    if (!caps->lease_most)
        snprintf(line + used, sizeof line - used, " leases no");
    else if (caps->lease_most == FILCH_FOREVER)
        snprintf(line + used, sizeof line - used, " leases of any length");
    else
        snprintf(line + used, sizeof line - used, " leases up to %" PRId64 " s",
                 caps->lease_most / FILCH_SECOND);
    return (size_t)snprintf(text, size, "%s", line);
}
