/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers.h>

#include <runtime/service/modules.h>

#include <filch/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Brokers in modules of Filch. Any other scheme is the name of its module. */
static const struct {
    const char *schemes, *module;
    const char *library; /* Debian's package of its client library; a newer release has another
                            number in it */
    const char *headers; /* the one to build it with */
} known[] = {
#include <known_brokers.h> /* made from the files broker.cmake */
};
enum { KNOWN = sizeof known / sizeof *known };

/* ---- Schemes ---- */

static bool has_scheme(const char *schemes, const char *scheme)
{
    size_t length = strlen(scheme);
    for (const char *at = schemes; *at;) {
        size_t size = strcspn(at, " ");
        if (size == length && strncmp(at, scheme, length) == 0)
            return true;
        at += size + strspn(at + size, " ");
    }
    return false;
}

/* Up to the colon; false: there is none, or this is no scheme, which may hold a password. */
static bool read_scheme(const char *url, fl_module_name scheme)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
    size_t length = strspn(url, valid);
    snprintf(scheme, sizeof(fl_module_name), "%.*s", (int)length, url);
    return length && length < sizeof(fl_module_name) && url[length] == ':' && url[0] >= 'a';
}

static const fl_broker_kind *refuse_scheme(const char *url)
{
    char valid[240] = "memory";
    size_t length = strcspn(url, ":");
    for (unsigned i = 0; i < KNOWN; i++) {
        size_t used = strlen(valid);
        snprintf(valid + used, sizeof valid - used, " %s", known[i].schemes);
    }
    /* only the scheme: the rest may hold a password */
    filch_error_set(-EINVAL,
                    "unknown broker '%.*s' (valid schemes, before a colon: %s, and NAME of a "
                    "module filch-broker-NAME.so)",
                    length < 32 ? (int)length : 32, url, valid);
    return NULL;
}

/* ---- Modules ---- */

static const fl_broker_kind *refuse_absent(const char *name, const char *headers)
{
    char folder[PATH_MAX], folders[120] = "";
    for (unsigned i = 0; fl_module_folder(i, folder); i++) {
        size_t used = strlen(folders);
        snprintf(folders + used, sizeof folders - used, "%s%.100s", i ? ":" : "", folder);
    }
    filch_error_set(-EINVAL,
                    "cannot load broker: filch-broker-%s.so (not found in %s); build Filch where "
                    "%s is installed",
                    name, folders, headers);
    return NULL;
}

const fl_broker_kind *fl_broker_load(const char *name)
{
    char path[PATH_MAX], advice[80] = "";
    unsigned row = 0;
    while (row < KNOWN && strcmp(known[row].module, name) != 0)
        row++;
    if (!fl_module_find(name, path))
        return row < KNOWN ? refuse_absent(name, known[row].headers) : refuse_scheme(name);
    if (row < KNOWN)
        snprintf(advice, sizeof advice, "; install its client library (Debian 12: %s)",
                 known[row].library);
    return fl_module_load(name, path, advice);
}

const fl_broker_kind *fl_broker_of(const char *url)
{
    fl_module_name scheme;
    if (!read_scheme(url, scheme))
        return refuse_scheme(url);
    for (unsigned i = 0; fl_brokers_built_in[i]; i++)
        if (has_scheme(fl_brokers_built_in[i]->schemes, scheme))
            return fl_brokers_built_in[i];
    unsigned row = 0;
    while (row < KNOWN && !has_scheme(known[row].schemes, scheme))
        row++;
    const fl_broker_kind *kind = fl_broker_load(row < KNOWN ? known[row].module : scheme);
    if (!kind || has_scheme(kind->schemes, scheme))
        return kind;
    filch_error_set(-EINVAL, "the module of broker '%s' has only the schemes '%.80s'", scheme,
                    kind->schemes);
    return NULL;
}

/* ---- Capabilities ---- */

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
enum { FEATURES = sizeof features / sizeof *features };

const char *fl_broker_feature(unsigned i)
{
    return i < FEATURES ? features[i].name : NULL;
}

bool fl_broker_has(const fl_broker_caps *caps, unsigned i)
{
    return *(const bool *)((const char *)caps + features[i].offset);
}

void fl_broker_leases(const fl_broker_caps *caps, char *text, size_t size)
{
    if (!caps->lease_most)
        snprintf(text, size, "no");
    else if (caps->lease_most == FILCH_FOREVER)
        snprintf(text, size, "of any length");
    else
        snprintf(text, size, "up to %" PRId64 " s", caps->lease_most / FILCH_SECOND);
}

size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size)
{
    char line[512], leases[40];
    size_t used = (size_t)snprintf(line, sizeof line, "%s:", kind->name);
    for (unsigned i = 0; i < FEATURES; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s %s;", features[i].name,
                                 fl_broker_has(caps, i) ? "yes" : "no");
    fl_broker_leases(caps, leases, sizeof leases);
    snprintf(line + used, sizeof line - used, " leases %s", leases);
    return (size_t)snprintf(text, size, "%s", line);
}
