/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/request.h>

#include <filch/timer.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/copy.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <proton/terminus.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST = 32, BASE64 = 45, ENCODED = FL_BUS_SAS_BYTES / 2 };

/* Percent-encodes all but the unreserved characters of RFC 3986. -EMSGSIZE: there is no room. */
static int encode(char *to, size_t size, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (used + 4 > size)
            return -EMSGSIZE;
        if (isalnum(c) || strchr("-_.~", c)) {
            to[used++] = *text;
        } else {
            to[used++] = '%';
            to[used++] = digits[c >> 4];
            to[used++] = digits[c & 15];
        }
    }
    to[used] = '\0';
    return 0;
}

int fl_bus_sas(char token[FL_BUS_SAS_BYTES], const char *resource, const char *key_name,
               const char *key, int64_t expiry)
{
    char where[ENCODED], name[ENCODED / 2], signed_text[ENCODED + 32], signature[3 * BASE64 + 4];
    unsigned char digest[DIGEST], base64[BASE64];
    unsigned size = sizeof digest;
    if (encode(where, sizeof where, resource) || encode(name, sizeof name, key_name))
        return -EMSGSIZE;
    int length = snprintf(signed_text, sizeof signed_text, "%s\n%" PRId64, where, expiry);
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)signed_text,
              (size_t)length, digest, &size))
        return -EMSGSIZE;
    EVP_EncodeBlock(base64, digest, DIGEST);
    encode(signature, sizeof signature, (const char *)base64);
    length = snprintf(token, FL_BUS_SAS_BYTES,
                      "SharedAccessSignature sr=%s&sig=%s&se=%" PRId64 "&skn=%s", where, signature,
                      expiry, name);
    return length < FL_BUS_SAS_BYTES ? 0 : -EMSGSIZE;
}

/* ---- Requests ---- */

/* Requests to $cbs ("AMQP Claims-based Security", OASIS draft) and $management ("AMQP 1.0 in Azure
 * Service Bus: request-response-based operations"). */

enum {
    OK_LEAST = 200,
    OK_MOST = 299,
    UNAUTHORIZED = 401,
    NOT_FOUND = 404,
    TIMEOUT = 408,
    GONE = 410,
    TOO_MANY = 429,
    INTERNAL = 500,
    UNAVAILABLE = 503,
    GATEWAY = 504
};

static bool is_good(int status)
{
    return status >= OK_LEAST && status <= OK_MOST;
}

static bool is_lost(int status)
{
    return status == GONE || status == NOT_FOUND;
}

/* ---- Texts ---- */

static void put_string(pn_data_t *data, const char *text)
{
    pn_data_put_string(data, fl_bus_text(text));
}

static bool is_named(pn_data_t *data, const char *name)
{
    pn_bytes_t key = pn_data_get_bytes(data);
    return key.size == strlen(name) && memcmp(key.start, name, key.size) == 0;
}

/* Moves to the value of a key of a map; false: there is none. */
static bool find(pn_data_t *map, const char *name)
{
    pn_data_rewind(map);
    if (!pn_data_next(map) || pn_data_type(map) != PN_MAP || !pn_data_enter(map))
        return false;
    while (pn_data_next(map)) {
        bool is = (pn_data_type(map) == PN_STRING || pn_data_type(map) == PN_SYMBOL) &&
                  is_named(map, name);
        if (!pn_data_next(map))
            return false;
        if (is)
            return true;
    }
    return false;
}

/* Of an answer; $cbs and $management spell it differently. 0: there is none. */
static int status_of(pn_message_t *answer)
{
    pn_data_t *properties = pn_message_properties(answer);
    if (!find(properties, "statusCode") && !find(properties, "status-code"))
        return 0;
    return pn_data_type(properties) == PN_INT ? pn_data_get_int(properties) : 0;
}

static const char *condition_of(int status)
{
    static const struct {
        int status;
        const char *condition;
    } rows[] = {{UNAUTHORIZED, "amqp:unauthorized-access"},
                {NOT_FOUND, "amqp:not-found"},
                {TIMEOUT, "com.microsoft:timeout"},
                {TOO_MANY, "com.microsoft:server-busy"},
                {INTERNAL, "com.microsoft:server-busy"},
                {UNAVAILABLE, "com.microsoft:server-busy"},
                {GATEWAY, "com.microsoft:timeout"}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].condition;
    return "the request failed";
}

static void note_status(fl_bus *b, pn_message_t *answer)
{
    char text[120] = "";
    int status = status_of(answer);
    pn_data_t *properties = pn_message_properties(answer);
    if (find(properties, "statusDescription") || find(properties, "status-description")) {
        pn_bytes_t said = pn_data_get_bytes(properties);
        snprintf(text, sizeof text, "%.*s", (int)(said.size < 100 ? said.size : 100),
                 said.size ? said.start : "");
    }
    fl_bus_note(b, condition_of(status), text);
}

/* ---- Asking ---- */

/* Or the server has detached it meanwhile. */
static bool is_answered(const void *arg)
{
    const fl_bus_desk *desk = arg;
    return desk->answers.is_answered || !desk->requests;
}

static bool has_credit(const void *arg)
{
    const fl_bus_desk *desk = arg;
    return !desk->requests || pn_link_credit(desk->requests) > 0;
}

fl_broker_rc fl_bus_ask(fl_bus *b, fl_bus_desk *desk, const char *doing)
{
    char tag[24];
    fl_broker_rc rc = fl_bus_await(b, has_credit, desk, doing);
    if (rc || !desk->requests)
        return rc ? rc : fl_bus_failed(b, doing);
    int size = snprintf(tag, sizeof tag, "%llu", (unsigned long long)++b->number);
    pn_message_set_id(b->message,
                      (pn_msgid_t){.type = PN_STRING, .u.as_bytes = pn_bytes((size_t)size, tag)});
    pn_message_set_reply_to(b->message,
                            pn_terminus_get_address(pn_link_target(desk->answers.link)));
    if (fl_bus_encode(b))
        return b->base.host->explain(b->base.host, FL_BROKER_LOST, "no memory for a request");
    desk->answers.is_answered = false;
    pn_delivery_t *transfer = pn_delivery(desk->requests, pn_dtag(tag, (size_t)size));
    pn_link_send(desk->requests, b->out.at, b->out.size);
    pn_link_advance(desk->requests);
    rc = fl_bus_await(b, is_answered, desk, doing);
    if (!rc && !desk->requests) /* which freed the transfer */
        return fl_bus_failed(b, doing);
    if (!rc)
        pn_delivery_settle(transfer);
    return rc;
}

/* A request without a body: its property map is still open. */
static pn_data_t *begin_request(fl_bus *b, const char *operation)
{
    pn_message_clear(b->message);
    pn_data_t *properties = pn_message_properties(b->message);
    pn_data_put_map(properties);
    pn_data_enter(properties);
    put_string(properties, "operation");
    put_string(properties, operation);
    return properties;
}

/* ---- Tokens ---- */

fl_broker_rc fl_bus_allow(fl_bus *b, const char *address)
{
    static const char doing[] = "put a token at";
    char token[FL_BUS_SAS_BYTES], resource[2 * FL_BUS_NAME];
    int64_t end =
        b->base.host->unix_time(b->base.host) + b->url.token * FILCH_SECOND + FILCH_SECOND - 1;
    int length = (int)strcspn(address, "$");
    length -= address[length] == '$'; /* the slash */
    snprintf(resource, sizeof resource, "sb://%s/%.*s", b->url.host, length, address);
    if (fl_bus_sas(token, resource, b->url.key_name, b->url.key, end / FILCH_SECOND))
        return b->base.host->explain(b->base.host, FL_BROKER_FATAL, "the token for %s is too long",
                                     resource);
    fl_broker_rc rc = fl_bus_open_desk(b, &b->cbs, "$cbs");
    if (rc)
        return rc;
    pn_data_t *properties = begin_request(b, "put-token");
    put_string(properties, "type");
    put_string(properties, "servicebus.windows.net:sastoken");
    put_string(properties, "name");
    put_string(properties, resource);
    put_string(pn_message_body(b->message), token);
    rc = fl_bus_ask(b, &b->cbs, doing);
    explicit_bzero(token, sizeof token);
    int status = rc ? 0 : status_of(b->cbs.answers.answer);
    if (rc)
        return rc;
    if (!is_good(status)) {
        note_status(b, b->cbs.answers.answer);
        return fl_bus_failed(b, doing);
    }
    int64_t renew = filch_in(b->url.token * FILCH_SECOND / 4 * 3);
    b->token_at = renew < b->token_at ? renew : b->token_at;
    return FL_BROKER_OK;
}

fl_broker_rc fl_bus_renew_tokens(fl_bus *b)
{
    fl_broker_rc rc = FL_BROKER_OK;
    if (filch_now() < b->token_at)
        return rc;
    b->token_at = FILCH_FOREVER;
    for (fl_bus_node *node = b->nodes; node && !rc; node = node->next)
        if (node->is_allowed)
            rc = fl_bus_allow(b, node->address);
    return rc;
}

/* ---- Lock tokens ---- */

/* A tag has the bytes of a GUID in the order of its first fields' lowest byte; a UUID of AMQP is in
 * the order of RFC 4122. */
static pn_uuid_t uuid_of(const char token[FL_BUS_TAG])
{
    static const unsigned char order[FL_BUS_TAG] = {3, 2, 1,  0,  5,  4,  7,  6,
                                                    8, 9, 10, 11, 12, 13, 14, 15};
    pn_uuid_t uuid;
    for (unsigned i = 0; i < FL_BUS_TAG; i++)
        uuid.bytes[i] = token[order[i]];
    return uuid;
}

static void put_tokens(pn_data_t *body, fl_delivery *const *batch, unsigned count)
{
    put_string(body, "lock-tokens");
    pn_data_put_array(body, false, PN_UUID);
    pn_data_enter(body);
    for (unsigned i = 0; i < count; i++)
        pn_data_put_uuid(body, uuid_of(((const fl_bus_held *)batch[i]->handle)->token));
    pn_data_exit(body);
}

static fl_broker_rc open_management(fl_bus *b, unsigned queue, fl_bus_node **out)
{
    char address[FL_BUS_NAME + 16];
    fl_broker_rc rc = fl_bus_node_of(b, b->queues[queue].address, out);
    if (rc)
        return rc;
    snprintf(address, sizeof address, "%s/$management", b->queues[queue].address);
    return fl_bus_open_desk(b, &(*out)->management, address);
}

static pn_data_t *begin_body(fl_bus *b)
{
    pn_data_t *body = pn_message_body(b->message);
    pn_data_put_map(body);
    pn_data_enter(body);
    return body;
}

static const char *const dispositions[] = {[FL_SETTLE_ACK] = "completed",
                                           [FL_SETTLE_RETURN] = "abandoned",
                                           [FL_SETTLE_DEAD] = "suspended"};

fl_broker_rc fl_bus_settle_by_token(fl_bus *b, fl_settlement *one)
{
    static const char doing[] = "settle a message at";
    fl_bus_node *node;
    fl_settle_verb verb = fl_copy_verb(one);
    fl_broker_rc rc = open_management(b, one->delivery->queue, &node);
    if (rc)
        return rc;
    begin_request(b, "com.microsoft:update-disposition");
    pn_data_t *body = begin_body(b);
    put_string(body, "disposition-status");
    put_string(body, dispositions[verb]);
    put_tokens(body, &one->delivery, 1);
    if (verb == FL_SETTLE_DEAD) {
        put_string(body, "properties-to-modify");
        pn_data_put_map(body);
        pn_data_enter(body);
        fl_bus_put_reasons(body, one);
    }
    rc = fl_bus_ask(b, &node->management, doing);
    if (rc)
        return rc;
    int status = status_of(node->management.answers.answer);
    one->status = is_lost(status) ? -ESTALE : 0;
    if (one->status || is_good(status))
        return rc;
    one->status = -EAGAIN;
    note_status(b, node->management.answers.answer);
    return fl_bus_failed(b, doing);
}

/* The times of an answer, one for each delivery. */
static void read_expirations(fl_bus *b, pn_data_t *body, fl_delivery *const *batch, unsigned count,
                             int64_t lease)
{
    if (!find(body, "expirations") || pn_data_type(body) != PN_ARRAY || !pn_data_enter(body))
        return;
    for (unsigned i = 0; i < count && pn_data_next(body); i++)
        if (pn_data_type(body) == PN_TIMESTAMP)
            batch[i]->lease_until = fl_bus_lease_until(b, pn_data_get_timestamp(body), lease);
}

/* *status: of the answer. */
static fl_broker_rc renew(fl_bus *b, fl_bus_node *node, fl_delivery *const *batch, unsigned count,
                          int64_t lease, int *status)
{
    begin_request(b, "com.microsoft:renew-lock");
    put_tokens(begin_body(b), batch, count);
    fl_broker_rc rc = fl_bus_ask(b, &node->management, "renew locks at");
    pn_message_t *answer = node->management.answers.answer;
    *status = rc ? 0 : status_of(answer);
    if (!rc && is_good(*status))
        read_expirations(b, pn_message_body(answer), batch, count, lease);
    return rc;
}

/* The service does not settle it any more. */
static void lose(fl_bus *b, fl_delivery *delivery)
{
    fl_bus_held *held = delivery->handle;
    delivery->lease_until = 0;
    if (held->transfer && held->epoch == b->epoch)
        fl_bus_forget(b, held);
}

fl_broker_rc fl_bus_renew_session(fl_bus *b, fl_bus_session *session, bool *is_held)
{
    static const char doing[] = "renew the lock of a session at";
    uint64_t number = session->number;
    fl_bus_node *node;
    *is_held = true;
    fl_broker_rc rc = open_management(b, session->inlet.queue, &node);
    if (rc)
        return rc;
    begin_request(b, "com.microsoft:renew-session-lock");
    pn_data_t *body = begin_body(b);
    put_string(body, "session-id");
    put_string(body, session->id);
    rc = fl_bus_ask(b, &node->management, doing);
    pn_message_t *answer = node->management.answers.answer;
    int status = rc ? 0 : status_of(answer);
    *is_held = !is_lost(status) && session->number == number; /* or it was detached meanwhile */
    if (is_good(status) && *is_held && find(pn_message_body(answer), "expiration"))
        fl_bus_session_lock(b, session, pn_data_get_timestamp(pn_message_body(answer)));
    if (rc || is_good(status) || is_lost(status))
        return rc;
    note_status(b, answer);
    return fl_bus_failed(b, doing);
}

/* The server renews all or none: those of a batch with a lost one are renewed one by one. Any other
 * refusal is about the server, and not about one of them. */
fl_broker_rc fl_bus_renew_locks(fl_bus *b, unsigned queue, fl_delivery *const *batch,
                                unsigned count, int64_t lease)
{
    int status;
    fl_bus_node *node;
    fl_broker_rc rc = open_management(b, queue, &node);
    if (!rc)
        rc = renew(b, node, batch, count, lease, &status);
    bool is_one_lost = !rc && is_lost(status);
    for (unsigned i = 0; is_one_lost && i < count && !rc; i++) {
        if (count > 1)
            rc = renew(b, node, batch + i, 1, lease, &status);
        if (!rc && is_lost(status))
            lose(b, batch[i]);
        if (!rc && !is_lost(status) && !is_good(status))
            break;
    }
    if (rc || is_good(status) || is_lost(status))
        return rc;
    note_status(b, node->management.answers.answer);
    return fl_bus_failed(b, "renew locks at");
}
