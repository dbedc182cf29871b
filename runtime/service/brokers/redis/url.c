/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/url.h>

#include <runtime/service/broker.h>
#include <runtime/service/message.h>
#include <runtime/service/url.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { DATABASE_MOST = 1000000 };

static const fl_url_option known[] = {
    FL_URL_CA(fl_redis_url),
    {"db", "NUMBER", "the database; default: 0", FL_URL_NUMBER, offsetof(fl_redis_url, database), 0,
     DATABASE_MOST},
    {"user", "NAME", "a login, for sockets", FL_URL_TEXT, offsetof(fl_redis_url, user), 0, 0},
    {"password", "TEXT", "a password, for sockets", FL_URL_TEXT, offsetof(fl_redis_url, password),
     0, 0},
    FL_URL_PLAINTEXT(fl_redis_url, "a password"),
};

const fl_url_kind fl_redis_url_kind = {
    .name = "redis",
    .form = "redis[s]://[USER]:PASSWORD@HOST:PORT/DATABASE, redis+unix:/PATH?db=DATABASE",
    .options = known,
    .count = sizeof known / sizeof *known,
    .others = ""};
static const fl_url_kind *const kind = &fl_redis_url_kind;

static fl_broker_rc parse_socket(const fl_broker_host *host, const char *text, fl_redis_url *out)
{
    fl_broker_rc rc = fl_url_cut_path(host, text, &out->url);
    if (rc)
        return rc;
    bool is_valid = fl_percent_is_valid(out->url.path);
    out->socket = fl_url_decode(out->url.path);
    if (strncmp(out->socket, "//", 2) == 0)
        out->socket += 2;
    if (is_valid && *out->socket == '/')
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL, "%s in the URL of redis (valid: %s)",
                         is_valid ? "no absolute path of a socket" : "invalid % in the path",
                         kind->form);
}

static fl_broker_rc parse_place(const fl_broker_host *host, const char *text, fl_redis_url *out)
{
    fl_broker_rc rc = fl_url_cut(host, kind, text, &out->url);
    rc = rc ? rc : fl_url_login(host, kind, &out->url, &out->user, &out->password);
    rc = rc ? rc : fl_url_place_read(host, kind, out->url.hosts, "6379", &out->place);
    const char *database = out->url.path ? out->url.path : "";
    if (rc)
        return rc;
    size_t digits = strspn(database, "0123456789");
    if (database[digits] || digits > 9 || atoi(database) > DATABASE_MOST)
        return host->explain(host, FL_BROKER_FATAL,
                             "invalid database in the URL of redis (valid: 0..%d)", DATABASE_MOST);
    out->database = (unsigned)atoi(database);
    out->user = out->user && *out->user ? out->user : NULL;
    out->password = out->password && *out->password ? out->password : NULL;
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_url_parse(const fl_broker_host *host, const char *text, fl_redis_url *out)
{
    *out = (fl_redis_url){.tls = strncmp(text, "rediss:", 7) == 0};
    fl_broker_rc rc = strncmp(text, "redis+unix:", 11) == 0 ? parse_socket(host, text, out)
                                                            : parse_place(host, text, out);
    rc = rc ? rc : fl_url_read(host, kind, out->url.settings, out);
    if (!rc && !out->socket && out->password && !out->tls && !out->plaintext)
        rc = fl_url_refuse_plain(host, kind, out->url.hosts, "a password", "rediss://");
    return rc;
}
