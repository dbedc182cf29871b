/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/brokers/redis/url.h>
#include <runtime/service/brokers/redis/wire.h>

#include <filch/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors of the server ---- */

static const struct {
    const char *word; /* that begins the error, or stands in it behind the name of a script */
    fl_broker_rc rc;
    const char *cure;
} errors[] = {
    {"NOAUTH", FL_BROKER_REFUSED, "put user and password into the URL"},
    {"WRONGPASS", FL_BROKER_REFUSED, "correct user and password"},
    {"NOPERM", FL_BROKER_REFUSED, "allow the user keys and channels filch:*, and the command"},
    {"READONLY", FL_BROKER_REFUSED, "connect to the primary, not to a replica"},
    {"MISCONF", FL_BROKER_BUSY, "let the server save its data"},
    {"LOADING", FL_BROKER_BUSY, "the server is still loading its data"},
    {"BUSY", FL_BROKER_BUSY, "another client's script is still running"},
    {"MASTERDOWN", FL_BROKER_BUSY, "wait for the primary"},
    {"OOM", FL_BROKER_BUSY, "raise maxmemory, or wait until jobs are done"},
    {"invalid password", FL_BROKER_REFUSED, "correct user and password"},
    {"DB index is out of range", FL_BROKER_REFUSED, "correct the database's number"},
    {"without any password configured", FL_BROKER_REFUSED, "leave the password out"},
};

const char *fl_redis_cure(const char *error, fl_broker_rc *rc)
{
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strstr(error, errors[i].word)) {
            *rc = errors[i].rc;
            return errors[i].cure;
        }
    *rc = FL_BROKER_REFUSED;
    return "see the log of the server";
}

fl_broker_rc fl_redis_refused(fl_redis *r, redisReply *error)
{
    fl_broker_rc rc;
    const char *cure = fl_redis_cure(error->str, &rc);
    r->base.host->explain(r->base.host, rc, "redis refuses: %s; %s", error->str, cure);
    freeReplyObject(error);
    return rc;
}

static fl_broker_rc short_of_memory(fl_redis *r)
{
    return r->base.host->explain(r->base.host, FL_BROKER_BUSY,
                                 "no memory for a command of redis; wait for some to be free");
}

/* ---- Commands ---- */

/* Sends a command and waits for the reply, which may be an error. */
static fl_broker_rc ask(fl_redis *r, fl_redis_wire *wire, const fl_redis_command *command,
                        redisReply **out)
{
    char *bytes;
    long long size = fl_redis_format(command, &bytes);
    if (size < 0)
        return short_of_memory(r);
    int64_t until = filch_in(r->config.call_timeout);
    fl_broker_rc rc = fl_redis_wire_send(wire, bytes, (size_t)size, until);
    redisFreeCommand(bytes);
    return rc ? rc : fl_redis_wire_reply(wire, out, until);
}

/* Sends up to four words. *out: the reply, no error. */
static fl_broker_rc ask_words(fl_redis *r, fl_redis_wire *wire, const char *const *words,
                              redisReply **out)
{
    fl_redis_command command = {0};
    for (unsigned i = 0; i < 4 && words[i]; i++)
        fl_redis_text(&command, words[i]);
    fl_broker_rc rc = ask(r, wire, &command, out);
    fl_redis_clear(&command);
    return rc || (*out)->type != REDIS_REPLY_ERROR ? rc : fl_redis_refused(r, *out);
}
#define ASK(r, wire, out, ...) ask_words(r, wire, (const char *const[4]){__VA_ARGS__}, out)

fl_broker_rc fl_redis_log_in(fl_redis *r, fl_redis_wire *wire)
{
    redisReply *reply;
    const fl_redis_url *url = &r->url;
    fl_broker_rc rc = FL_BROKER_OK;
    if (url->password) {
        rc = url->user ? ASK(r, wire, &reply, "AUTH", url->user, url->password)
                       : ASK(r, wire, &reply, "AUTH", url->password);
        if (!rc)
            freeReplyObject(reply);
    }
    if (!rc) {
        char database[16];
        snprintf(database, sizeof database, "%u", url->database);
        rc = ASK(r, wire, &reply, "SELECT", database);
        if (!rc)
            freeReplyObject(reply);
    }
    return rc;
}

/* ---- The server ---- */

/* Does the text of INFO have this line? */
static bool has_line(const char *info, const char *line)
{
    const char *at = strstr(info, line);
    return at && (at == info || at[-1] == '\n') && strchr("\r\n", at[strlen(line)]);
}

static fl_broker_rc judge_server(fl_redis *r, const char *info)
{
    const fl_broker_host *host = r->base.host;
    const char *at = strstr(info, "redis_version:");
    unsigned major = 0, minor = 0;
    if (at)
        sscanf(at, "redis_version:%u.%u", &major, &minor);
    if (major * 100 + minor < 602)
        return host->explain(host, FL_BROKER_REFUSED,
                             "version %u.%u of redis is too old (valid: 6.2 and later)", major,
                             minor);
    if (has_line(info, "cluster_enabled:1"))
        return host->explain(host, FL_BROKER_REFUSED,
                             "redis is a cluster: its keys are on several servers (valid: a "
                             "server with cluster-enabled no)");
    if (has_line(info, "role:slave"))
        return host->explain(host, FL_BROKER_REFUSED, "redis is a replica; connect to the primary");
    bool evicts = !has_line(info, "maxmemory_policy:noeviction");
    bool forgets = !has_line(info, "aof_enabled:1");
    if (forgets)
        host->log(host, FILCH_LOG_WARN, "redis loses messages when it ends: set appendonly yes");
    if (evicts)
        host->log(host, FILCH_LOG_WARN,
                  "redis drops messages when memory is short: set maxmemory-policy noeviction");
    r->is_durable = !evicts && !forgets;
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_inspect(fl_redis *r)
{
    redisReply *reply;
    fl_broker_rc rc = ASK(r, &r->wire, &reply, "INFO");
    if (rc)
        return rc;
    if (!reply->str)
        return fl_redis_odd(r, reply);
    rc = judge_server(r, reply->str);
    freeReplyObject(reply);
    return rc;
}

/* ---- Scripts ---- */

static fl_broker_rc load_script(fl_redis *r, fl_redis_script which)
{
    redisReply *reply;
    char *text = fl_redis_script_text(which);
    if (!text)
        return short_of_memory(r);
    fl_broker_rc rc = ASK(r, &r->wire, &reply, "SCRIPT", "LOAD", text);
    free(text);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_STRING || reply->len != FL_REDIS_SHA - 1)
        return fl_redis_odd(r, reply);
    memcpy(r->sha[which], reply->str, FL_REDIS_SHA);
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_load_scripts(fl_redis *r)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < FL_REDIS_SCRIPTS && !rc; i++)
        rc = load_script(r, (fl_redis_script)i);
    return rc;
}

void fl_redis_begin(fl_redis *r, fl_redis_command *command, fl_redis_script script)
{
    *command = (fl_redis_command){0};
    fl_redis_text(command, "EVALSHA");
    fl_redis_text(command, r->sha[script]);
    fl_redis_text(command, "0");
}

fl_broker_rc fl_redis_call(fl_redis *r, const fl_redis_command *command, fl_redis_script script,
                           redisReply **out)
{
    for (bool again = true;; again = false) {
        fl_broker_rc rc = ask(r, &r->wire, command, out);
        if (rc || (*out)->type != REDIS_REPLY_ERROR)
            return rc;
        if (!again || strncmp((*out)->str, "NOSCRIPT", strlen("NOSCRIPT")) != 0)
            return fl_redis_refused(r, *out);
        freeReplyObject(*out); /* the server was started anew, or has been told to forget */
        rc = load_script(r, script);
        if (rc)
            return rc;
    }
}

fl_broker_rc fl_redis_odd(fl_redis *r, redisReply *reply)
{
    freeReplyObject(reply);
    return r->base.host->explain(r->base.host, FL_BROKER_LOST,
                                 "unexpected reply from redis: is this a Redis server?");
}

fl_broker_rc fl_redis_call_list(fl_redis *r, const fl_redis_command *command,
                                fl_redis_script script, long count, redisReply **out)
{
    fl_broker_rc rc = fl_redis_call(r, command, script, out);
    if (rc)
        return rc;
    bool fits =
        (*out)->type == REDIS_REPLY_ARRAY && (count < 0 || (*out)->elements == (size_t)count);
    for (size_t i = 0; fits && count >= 0 && i < (*out)->elements; i++)
        fits = (*out)->element[i]->type == REDIS_REPLY_INTEGER;
    return fits ? FL_BROKER_OK : fl_redis_odd(r, *out);
}
