/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/servicebus/stand_in/service_bus_client.h>

#include <stdlib.h>
#include <string.h>

#include <proton/disposition.h>
#include <proton/terminus.h>

enum { TICK_MS = 5 };

client *sb_clients;
const char *sb_key_name, *sb_key;
pn_proactor_t *sb_proactor;
static bool is_ticking;

void sb_set_condition(pn_condition_t *condition, const char *name, const char *text)
{
    pn_condition_set_name(condition, name);
    pn_condition_set_description(condition, text);
}

bool sb_is_granted(const client *c, const char *address)
{
    for (unsigned i = 0; i < c->grant_count; i++)
        if (strncmp(c->grants[i].path, address, strlen(c->grants[i].path)) == 0 &&
            c->grants[i].until > sb_now())
            return true;
    return false;
}

/* ---- Deliveries ---- */

static void tick(void)
{
    if (!is_ticking && (sb_has_times() || sb_sessions_have_times())) {
        is_ticking = true;
        pn_proactor_set_timeout(sb_proactor, TICK_MS);
    }
}

static void send_one(pn_link_t *link, const sb_message *message)
{
    char token[SB_TOKEN], *bytes;
    size_t size = sb_encode(message, &bytes);
    sb_token_of(message, token);
    pn_delivery(link, pn_dtag(token, sizeof token));
    pn_link_send(link, bytes, size);
    pn_link_advance(link);
}

void sb_serve(const client *c, outlet *one)
{
    sb_message *message;
    if (!one->queue || !pn_link_is_sender(one->link) || one->asks_until)
        return;
    if (!sb_is_granted(c, one->queue->name)) {
        if (pn_link_state(one->link) & PN_LOCAL_ACTIVE) {
            sb_set_condition(pn_link_condition(one->link), "amqp:unauthorized-access",
                             "ExpiredToken: no token is valid for this queue");
            pn_link_close(one->link);
        }
        return;
    }
    sb_sweep();
    while (pn_link_credit(one->link) > 0 && (message = sb_take(one->queue, one->session)))
        send_one(one->link, message);
    if (pn_link_get_drain(one->link))
        pn_link_drained(one->link);
    tick();
}

/* Other clients may be waiting for a message that is now ready. */
static void wake_others(const client *but)
{
    for (client *c = sb_clients; c; c = c->next) {
        bool waits = false;
        for (outlet *one = c->outlets; one && c != but; one = one->next)
            waits |= one->queue && pn_link_is_sender(one->link) && pn_link_credit(one->link) > 0;
        if (waits || (c != but && sb_sessions_are_due(c)))
            pn_connection_wake(c->connection);
    }
}

void sb_serve_all(client *c)
{
    sb_sessions_turn(c);
    for (outlet *one = c->outlets; one; one = one->next)
        sb_serve(c, one);
}

/* ---- Outcomes ---- */

static const struct {
    uint64_t state;
    sb_outcome outcome;
} outcomes[] = {{PN_ACCEPTED, SB_COMPLETES},
                {PN_RELEASED, SB_RELEASES},
                {PN_MODIFIED, SB_ABANDONS},
                {PN_REJECTED, SB_DIES}};

static void on_outcome(client *c, pn_delivery_t *delivery)
{
    uint64_t state = pn_delivery_remote_state(delivery);
    sb_message *message = sb_locked_by(pn_delivery_tag(delivery).start);
    unsigned row = 0;
    while (row < sizeof outcomes / sizeof *outcomes && outcomes[row].state != state)
        row++;
    if (row == sizeof outcomes / sizeof *outcomes) {
        if (pn_delivery_settled(delivery))
            pn_delivery_settle(delivery); /* the lock runs out */
        return;
    }
    if (message && sb_obeys(SB_REFUSES_OUTCOMES)) {
        sb_set_condition(pn_disposition_condition(pn_delivery_local(delivery)),
                         sb_orders[SB_REFUSES_OUTCOMES].with, "as ordered");
        pn_delivery_update(delivery, PN_REJECTED);
    } else if (message) {
        pn_condition_t *condition = pn_disposition_condition(pn_delivery_remote(delivery));
        sb_settle(message, outcomes[row].outcome,
                  state == PN_REJECTED ? pn_condition_info(condition) : NULL);
        pn_delivery_update(delivery, state);
    } else {
        sb_set_condition(pn_disposition_condition(pn_delivery_local(delivery)),
                         "com.microsoft:message-lock-lost", "the lock is lost");
        pn_delivery_update(delivery, PN_REJECTED);
    }
    pn_delivery_settle(delivery);
    if (state != PN_ACCEPTED) {
        sb_serve_all(c);
        wake_others(c);
    }
}

/* ---- Requests ---- */

static void put_token(client *c, pn_message_t *request, pn_message_t *answer)
{
    pn_data_t *body = pn_message_body(request);
    pn_data_rewind(body);
    pn_bytes_t token = pn_data_next(body) ? pn_data_get_bytes(body) : pn_bytes(0, "");
    char *text = strndup(token.start, token.size);
    grant got;
    bool valid = sb_token_is_valid(text, sb_key_name, sb_key, got.path, &got.until);
    free(text);
    unsigned row = 0;
    while (row < c->grant_count && strcmp(c->grants[row].path, got.path) != 0)
        row++;
    if (valid && row < SB_GRANTS) {
        c->grants[row] = got;
        c->grant_count += row == c->grant_count;
    }
    sb_answer(request, answer, "status-code", valid ? 202 : 401, "status-description",
              valid ? "Accepted" : "InvalidSignature: the token has an invalid signature");
}

static void reply(client *c, const outlet *from, pn_message_t *answer, const char *to)
{
    static char bytes[SB_LARGEST];
    size_t size = sizeof bytes;
    pn_message_encode(answer, bytes, &size);
    for (outlet *one = c->outlets; one; one = one->next) {
        const char *target = pn_terminus_get_address(pn_link_remote_target(one->link));
        if (!pn_link_is_sender(one->link) || strcmp(one->address, from->address) != 0 || !target ||
            strcmp(target, to) != 0)
            continue;
        uint64_t number = ++c->number;
        pn_delivery_t *delivery =
            pn_delivery(one->link, pn_dtag((const char *)&number, sizeof number));
        pn_link_send(one->link, bytes, size);
        pn_link_advance(one->link);
        pn_delivery_settle(delivery);
        return;
    }
}

static void on_request(client *c, outlet *one)
{
    pn_message_t *request = pn_message(), *answer = pn_message();
    if (pn_message_decode(request, one->part, one->size) == 0 && pn_message_get_reply_to(request)) {
        if (one->is_cbs)
            put_token(c, request, answer);
        else
            sb_manage(one->address, request, answer);
        reply(c, one, answer, pn_message_get_reply_to(request));
    }
    pn_message_free(request);
    pn_message_free(answer);
    sb_serve_all(c);
    wake_others(c);
}

/* ---- Messages ---- */

/* Unix time in ms; 0: none. */
static int64_t scheduled_time(pn_message_t *message)
{
    pn_data_t *annotations = pn_message_annotations(message);
    return sb_find(annotations, "x-opt-scheduled-enqueue-time") ? pn_data_get_timestamp(annotations)
                                                                : 0;
}

static void reject(pn_delivery_t *delivery, const char *condition, const char *text)
{
    sb_set_condition(pn_disposition_condition(pn_delivery_local(delivery)), condition, text);
    pn_delivery_update(delivery, PN_REJECTED);
}

/* true: it was an order. */
static bool order(const outlet *one, pn_message_t *message)
{
    if (strcmp(one->queue->name, "orders") != 0)
        return false;
    pn_data_t *body = pn_message_body(message);
    pn_data_rewind(body);
    if (pn_data_next(body))
        sb_take_order(pn_data_get_bytes(body));
    if (sb_obeys(SB_DETACHES))
        for (client *c = sb_clients; c; c = c->next) {
            c->is_to_detach = true;
            pn_connection_wake(c->connection);
        }
    return true;
}

static void enqueue(client *c, const outlet *one, pn_message_t *message)
{
    pn_msgid_t id = pn_message_get_id(message);
    if (id.type == PN_STRING && sb_is_duplicate(one->queue, id.u.as_bytes))
        return;
    sb_enqueue(one->queue, one->part, one->size, scheduled_time(message),
               pn_message_get_group_id(message));
    sb_serve_all(c);
    wake_others(c);
    tick();
}

static void on_message(client *c, outlet *one, pn_delivery_t *delivery)
{
    static pn_message_t *message;
    if (!message)
        message = pn_message();
    if (!one->queue) {
        on_request(c, one);
        pn_delivery_update(delivery, PN_ACCEPTED);
    } else if (!sb_is_granted(c, one->queue->name)) {
        reject(delivery, "amqp:unauthorized-access", "ExpiredToken");
    } else if (pn_message_decode(message, one->part, one->size)) {
        reject(delivery, "amqp:decode-error", "no message");
    } else if (order(one, message)) {
        pn_delivery_update(delivery, PN_ACCEPTED);
    } else if (one->queue->has_sessions && !pn_message_get_group_id(message)) {
        reject(delivery, "amqp:not-allowed", "the queue requires a session id");
    } else if (sb_obeys(SB_REFUSES_MESSAGES)) {
        reject(delivery, sb_orders[SB_REFUSES_MESSAGES].with, "as ordered");
    } else {
        enqueue(c, one, message);
        pn_delivery_update(delivery, PN_ACCEPTED);
    }
    pn_delivery_settle(delivery);
}

void sb_on_delivery(client *c, pn_delivery_t *delivery)
{
    pn_link_t *link = pn_delivery_link(delivery);
    outlet *one = pn_link_get_context(link);
    if (!one)
        return;
    if (pn_link_is_sender(link)) {
        if (one->queue && pn_delivery_updated(delivery))
            on_outcome(c, delivery);
        return;
    }
    if (!pn_delivery_readable(delivery))
        return;
    size_t more = pn_delivery_pending(delivery);
    one->part = realloc(one->part, one->size + more + 1);
    ssize_t got = pn_link_recv(link, one->part + one->size, more);
    one->size += got > 0 ? (size_t)got : 0;
    if (pn_delivery_partial(delivery))
        return;
    pn_link_advance(link);
    on_message(c, one, delivery);
    one->size = 0;
    pn_link_flow(link, SB_CREDIT - pn_link_credit(link));
}

void sb_on_timeout(void)
{
    is_ticking = false;
    bool is_due = sb_sweep() > 0;
    for (const client *c = sb_clients; c && !is_due; c = c->next)
        is_due = sb_sessions_are_due(c);
    if (is_due)
        wake_others(NULL);
    tick();
}
