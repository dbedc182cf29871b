/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/session.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/on_its_way.h>
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <runtime/service/job.h>

#include <inttypes.h>
#include <limits.h>
#include <proton/codec.h>
#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/delivery.h>
#include <proton/terminus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SESSION_IDLE = 5 * FILCH_SECOND; /* without a message */
static const char filter_name[] = "com.microsoft:session-filter",
                  accepting[] = "accept a session of";
enum { SERVER_WAIT_MS = 60000 }; /* of a request for a session, at most */

/* ---- Life ---- */

bool fl_bus_sessions_begin(fl_bus *b, unsigned queue)
{
    fl_bus_session *all = calloc(b->url.sessions, sizeof *all);
    b->queues[queue].sessions = all;
    for (unsigned i = 0; all && i < b->url.sessions; i++) {
        fl_list_init(&all[i].inlet.arrived);
        all[i].inlet.queue = queue;
        all[i].inlet.session = &all[i];
    }
    return all;
}

static void drop_arrived(fl_bus *b, fl_bus_session *one, bool is_released)
{
    for (fl_list *link; (link = fl_list_take(&one->inlet.arrived));) {
        fl_bus_held *held = (fl_bus_held *)(void *)link;
        if (is_released)
            pn_delivery_update(held->transfer, PN_RELEASED);
        fl_bus_forget(b, held);
        fl_bus_drop(b, held);
    }
}

void fl_bus_sessions_end(fl_bus *b, unsigned queue)
{
    fl_bus_session *all = b->queues[queue].sessions;
    for (unsigned i = 0; all && i < b->url.sessions; i++) {
        for (fl_list *link; (link = fl_list_take(&all[i].inlet.arrived));)
            fl_bus_drop(b, (fl_bus_held *)(void *)link);
        free(all[i].inlet.part.at);
    }
    free(all);
    b->queues[queue].sessions = NULL;
}

/* ---- Links ---- */

static void put_symbol(pn_data_t *data, const char *text)
{
    pn_data_put_symbol(data, fl_bus_text(text));
}

static void ask(fl_bus *b, fl_bus_session *one)
{
    char name[FL_BUS_NAME];
    const char *address = b->queues[one->inlet.queue].address;
    snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu64, b->epoch, ++b->number);
    pn_link_t *link = one->inlet.link = pn_receiver(b->session, name);
    pn_link_set_context(link, &one->inlet);
    pn_terminus_set_address(pn_link_source(link), address);
    pn_terminus_set_address(pn_link_target(link), "filch");
    pn_data_t *filter = pn_terminus_filter(pn_link_source(link));
    pn_data_put_map(filter);
    pn_data_enter(filter);
    put_symbol(filter, filter_name);
    pn_data_put_null(filter);
    pn_data_exit(filter);
    pn_data_t *properties = pn_link_properties(link);
    pn_data_put_map(properties);
    pn_data_enter(properties);
    put_symbol(properties, "com.microsoft:timeout");
    pn_data_put_uint(properties, SERVER_WAIT_MS);
    pn_data_exit(properties);
    pn_link_set_snd_settle_mode(link, PN_SND_UNSETTLED);
    pn_link_set_rcv_settle_mode(link, PN_RCV_SECOND);
    pn_link_open(link);
    one->since = filch_now();
}

/* For each place without a session. */
static void ask_for_more(fl_bus *b, unsigned queue)
{
    fl_bus_session *all = b->queues[queue].sessions;
    for (unsigned i = 0; i < b->url.sessions && !b->is_ceased && !b->is_broken; i++)
        if (!all[i].inlet.link)
            ask(b, &all[i]);
}

/* The link is closed, here or by the server: a job that runs has lost its lock. */
static void forget(fl_bus *b, fl_bus_session *one)
{
    drop_arrived(b, one, false);
    b->unsettled -= one->busy != 0;
    if (one->inlet.link)
        pn_link_set_context(one->inlet.link, NULL);
    one->inlet.link = NULL;
    one->inlet.part.size = 0;
    one->busy = one->number = 0;
    one->id[0] = '\0';
}

static void give_up(fl_bus *b, fl_bus_session *one)
{
    drop_arrived(b, one, true);
    if (one->inlet.link)
        pn_link_close(one->inlet.link);
    forget(b, one);
}

/* Moves to the value of this name; false: there is none. */
static bool find(pn_data_t *map, const char *name)
{
    pn_data_rewind(map);
    if (!pn_data_next(map) || pn_data_type(map) != PN_MAP || !pn_data_enter(map))
        return false;
    while (pn_data_next(map)) {
        pn_bytes_t key = pn_data_get_bytes(map);
        bool is = key.size == strlen(name) && memcmp(key.start, name, key.size) == 0;
        if (!pn_data_next(map))
            return false;
        if (is)
            return true;
    }
    return false;
}

/* Of the link's properties, in units of 100 ns since the year 1. */
static int64_t read_lock(pn_link_t *link)
{
    const int64_t from_1_to_1970 = INT64_C(621355968000000000), units_of_ms = 10000;
    pn_data_t *properties = pn_link_remote_properties(link);
    if (!find(properties, "com.microsoft:locked-until-utc") || pn_data_type(properties) != PN_LONG)
        return 0;
    return (pn_data_get_long(properties) - from_1_to_1970) / units_of_ms;
}

/* AMQP 1.0, section 3.5.8, wants a described value; Service Bus answers a plain one by a plain one. */
static pn_bytes_t read_id(pn_data_t *filter)
{
    bool found = find(filter, filter_name);
    if (found && pn_data_type(filter) == PN_DESCRIBED)
        found = pn_data_enter(filter) && pn_data_next(filter) && pn_data_next(filter);
    return found ? pn_data_get_bytes(filter) : pn_bytes(0, NULL);
}

void fl_bus_session_attached(fl_bus *b, fl_bus_session *one)
{
    pn_link_t *link = one->inlet.link;
    pn_terminus_t *source = pn_link_remote_source(link);
    pn_data_t *filter = pn_terminus_filter(source);
    if (pn_terminus_get_type(source) == PN_UNSPECIFIED)
        return; /* it is refused, and detached at once */
    pn_bytes_t id = read_id(filter);
    if (!id.size || id.size > FL_BUS_SESSION_NAME) {
        fl_bus_note(b, "amqp:not-allowed", "the server attached no session");
        b->is_broken = true;
        return;
    }
    memcpy(one->id, id.start, id.size);
    one->id[id.size] = '\0';
    one->number = ++b->number;
    fl_bus_session_lock(b, one, read_lock(link));
    one->since = filch_now();
    if (b->is_ceased)
        give_up(b, one);
    else
        pn_link_flow(link, 1);
}

/* No session has messages, or another connection was faster, or the lock ran out: all that is usual. */
void fl_bus_session_detached(fl_bus *b, fl_bus_session *one)
{
    static const char *const usual[] = {"com.microsoft:timeout",
                                        "com.microsoft:session-cannot-be-locked",
                                        "com.microsoft:session-lock-lost",
                                        "amqp:link:detach-forced", ""};
    pn_condition_t *condition = pn_link_remote_condition(one->inlet.link);
    const char *name = pn_condition_get_name(condition);
    unsigned i = 0;
    while (i < sizeof usual / sizeof *usual && strcmp(usual[i], name ? name : "") != 0)
        i++;
    b->is_broken |= i == sizeof usual / sizeof *usual;
    forget(b, one);
}

/* ---- Messages ---- */

static fl_delivery *take(const fl_bus *b, fl_bus_session *one)
{
    fl_list *first = one->busy ? NULL : fl_list_take(&one->inlet.arrived);
    if (!first)
        return NULL;
    fl_bus_held *held = (fl_bus_held *)(void *)first;
    one->busy = held->order;
    held->delivery->lease_until = fl_bus_lease_until(b, one->locked_until, b->config.lease);
    return held->delivery;
}

/* Each call begins with another session, so that none waits forever behind busy ones. */
static unsigned take_some(fl_bus *b, unsigned queue, fl_delivery **out, unsigned most)
{
    unsigned count = 0, first = b->queues[queue].first_session++;
    for (unsigned i = 0; i < b->url.sessions && count < most; i++) {
        unsigned place = (first + i) % b->url.sessions;
        fl_delivery *one = take(b, &b->queues[queue].sessions[place]);
        if (one)
            out[count++] = one;
    }
    return count;
}

static bool has_some(const fl_bus *b, unsigned queue)
{
    for (unsigned i = 0; i < b->url.sessions; i++) {
        const fl_bus_session *one = &b->queues[queue].sessions[i];
        if (!one->busy && !fl_list_is_empty(&one->inlet.arrived))
            return true;
    }
    return false;
}

bool fl_bus_may_come(fl_broker *broker, int64_t since)
{
    const fl_bus *b = fl_bus_of(broker);
    for (unsigned queue = 0; queue < b->config.queue_count && !b->is_broken; queue++) {
        const fl_bus_session *all = b->queues[queue].sessions;
        for (unsigned i = 0; all && i < b->url.sessions; i++)
            if (!all[i].inlet.link || fl_is_on_its_way(all[i].since, since))
                return true;
    }
    return false;
}

/* A brief connection does not look again. */
static void wait_for_some(fl_bus *b, unsigned queue)
{
    for (int64_t until = filch_in(FL_ON_ITS_WAY);
         !b->is_broken && !has_some(b, queue) && filch_now() < until;)
        fl_bus_wait(b, until);
}

fl_broker_rc fl_bus_sessions_receive(fl_bus *b, unsigned queue, fl_delivery **out, unsigned most,
                                     unsigned *count)
{
    *count = take_some(b, queue, out, most);
    if (*count || b->is_ceased)
        return FL_BROKER_OK;
    ask_for_more(b, queue);
    fl_bus_turn_wire(b);
    if (b->config.brief)
        wait_for_some(b, queue);
    *count = take_some(b, queue, out, most);
    return b->is_broken ? fl_bus_failed(b, accepting) : FL_BROKER_OK;
}

fl_bus_session *fl_bus_session_of(const fl_bus *b, const fl_bus_held *held)
{
    for (unsigned queue = 0; held->session && queue < b->config.queue_count; queue++) {
        fl_bus_session *all = b->queues[queue].sessions;
        for (unsigned i = 0; all && i < b->url.sessions; i++)
            if (all[i].number == held->session)
                return &all[i];
    }
    return NULL;
}

void fl_bus_session_done(fl_bus *b, const fl_bus_held *held)
{
    fl_bus_session *one = fl_bus_session_of(b, held);
    if (!one || one->busy != held->order)
        return;
    one->busy = 0;
    one->since = filch_now();
    if (!b->is_ceased && !b->is_broken)
        pn_link_flow(one->inlet.link, 1);
}

/* ---- Time ---- */

void fl_bus_session_lock(fl_bus *b, fl_bus_session *one, int64_t locked_until)
{
    int64_t now = b->base.host->unix_time(b->base.host) / FILCH_MILLISECOND;
    one->locked_until = locked_until;
    one->renew_at = locked_until > now ? now + (locked_until - now) / 2 : INT64_MAX;
}

fl_broker_rc fl_bus_session_extend(fl_bus *b, fl_delivery *one, int64_t lease)
{
    fl_bus_session *session = fl_bus_session_of(b, one->handle);
    bool is_held = session;
    fl_broker_rc rc = session ? fl_bus_renew_session(b, session, &is_held) : FL_BROKER_OK;
    if (!is_held)
        one->lease_until = 0;
    else if (!rc)
        one->lease_until = fl_bus_lease_until(b, session->locked_until, lease);
    return rc;
}

/* The server detaches a lost one. One whose message finds no room here is left to others, in the end. */
fl_broker_rc fl_bus_sessions_renew(fl_bus *b)
{
    bool is_held;
    fl_broker_rc rc = FL_BROKER_OK;
    int64_t now = b->base.host->unix_time(b->base.host) / FILCH_MILLISECOND;
    for (unsigned queue = 0; queue < b->config.queue_count; queue++) {
        fl_bus_session *all = b->queues[queue].sessions;
        for (unsigned i = 0; all && i < b->url.sessions && !rc; i++)
            if (*all[i].id && !all[i].busy && now >= all[i].renew_at &&
                filch_now() < all[i].since + SESSION_IDLE)
                rc = fl_bus_renew_session(b, &all[i], &is_held);
    }
    return rc;
}

static bool is_idle(const fl_bus_session *one)
{
    return *one->id && !one->busy && fl_list_is_empty(&one->inlet.arrived);
}

void fl_bus_sessions_watch(fl_bus *b, bool wants, int64_t *until)
{
    const fl_broker_host *host = b->base.host;
    for (unsigned queue = 0; queue < b->config.queue_count; queue++) {
        fl_bus_session *all = b->queues[queue].sessions;
        for (unsigned i = 0; all && i < b->url.sessions; i++) {
            int64_t at = host->now(host) + all[i].since + SESSION_IDLE - filch_now();
            if (is_idle(&all[i]) && at < *until)
                *until = at;
        }
        if (all && wants)
            ask_for_more(b, queue);
        if (all && wants && has_some(b, queue))
            *until = 0;
    }
}

void fl_bus_sessions_turn(fl_bus *b, bool all)
{
    for (unsigned queue = 0; queue < b->config.queue_count; queue++) {
        fl_bus_session *some = b->queues[queue].sessions;
        for (unsigned i = 0; some && i < b->url.sessions; i++) {
            fl_bus_session *one = &some[i];
            bool is_old = is_idle(one) && filch_now() >= one->since + SESSION_IDLE;
            if (one->inlet.link && !one->busy && (all || is_old))
                give_up(b, one);
        }
    }
}

/* ---- Addresses ---- */

static const char dead_suffix[] = ".dlq";

bool fl_bus_address(const char *queue, char address[FL_BUS_NAME])
{
    size_t length = strlen(queue), more = sizeof dead_suffix - 1, base = length;
    unsigned times = 0;
    for (; base > more && memcmp(queue + base - more, dead_suffix, more) == 0; base -= more)
        times++;
    /* the queue of dead letters of Q, Q.dlq.dlq, ...: of its own name without the last suffix */
    bool is_own = times % 2 == 1;
    int size = snprintf(address, FL_BUS_NAME, "%.*s%s", (int)(is_own ? length - more : length),
                        queue, is_own ? "/$DeadLetterQueue" : "");
    return size > 0 && size < FL_BUS_NAME;
}

/* ---- Attaching ---- */

static bool is_attached(const void *arg)
{
    pn_link_t *link = (pn_link_t *)arg;
    return (pn_link_state(link) & (PN_REMOTE_ACTIVE | PN_REMOTE_CLOSED)) != 0;
}

/* A server that refuses a link attaches it without a terminus, and detaches it at once with the reason
 * (AMQP 1.0, section 2.6.3). */
static bool is_refused(const void *arg)
{
    pn_link_t *link = (pn_link_t *)arg;
    return (pn_link_state(link) & PN_REMOTE_CLOSED) != 0;
}

static fl_broker_rc attach(fl_bus *b, pn_link_t *link, const char *doing)
{
    fl_bus_note(b, NULL, NULL); /* of a link that was detached before */
    pn_link_open(link);
    fl_broker_rc rc = fl_bus_await(b, is_attached, link, doing);
    if (rc)
        return rc;
    pn_terminus_t *peer =
        pn_link_is_sender(link) ? pn_link_remote_target(link) : pn_link_remote_source(link);
    if (pn_terminus_get_type(peer) == PN_UNSPECIFIED)
        rc = fl_bus_await(b, is_refused, link, doing);
    if (rc || !is_refused(link))
        return rc;
    return fl_bus_failed(b, doing);
}

static fl_broker_rc open_receiver(fl_bus *b, fl_bus_inlet *inlet, const char *address,
                                  const char *target, const char *doing)
{
    char name[FL_BUS_NAME];
    snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu64, b->epoch, ++b->number);
    inlet->link = pn_receiver(b->session, name);
    pn_link_set_context(inlet->link, inlet);
    pn_terminus_set_address(pn_link_source(inlet->link), address);
    pn_terminus_set_address(pn_link_target(inlet->link), target);
    bool is_queue = inlet->queue != UINT_MAX;
    pn_link_set_snd_settle_mode(inlet->link, is_queue ? PN_SND_UNSETTLED : PN_SND_SETTLED);
    pn_link_set_rcv_settle_mode(inlet->link, is_queue ? PN_RCV_SECOND : PN_RCV_FIRST);
    return attach(b, inlet->link, doing);
}

static fl_broker_rc open_sender(fl_bus *b, pn_link_t **out, const char *address, const char *doing)
{
    char name[FL_BUS_NAME];
    snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu64, b->epoch, ++b->number);
    pn_link_t *link = pn_sender(b->session, name);
    pn_terminus_set_address(pn_link_source(link), b->config.client ? b->config.client : "filch");
    pn_terminus_set_address(pn_link_target(link), address);
    *out = link;
    return attach(b, link, doing);
}

fl_broker_rc fl_bus_open_desk(fl_bus *b, fl_bus_desk *desk, const char *address)
{
    static const char doing[] = "send requests to";
    if (desk->requests)
        return FL_BROKER_OK;
    fl_list_init(&desk->answers.arrived);
    desk->answers.queue = UINT_MAX;
    if (!desk->answers.answer)
        desk->answers.answer = pn_message();
    fl_broker_rc rc = open_receiver(b, &desk->answers, address, address, doing);
    if (!rc) {
        pn_link_flow(desk->answers.link, 1);
        rc = open_sender(b, &desk->requests, address, doing);
    }
    return rc;
}

/* ---- Nodes ---- */

fl_broker_rc fl_bus_node_of(fl_bus *b, const char *address, fl_bus_node **out)
{
    const fl_broker_host *host = b->base.host;
    fl_bus_node *node = b->nodes;
    while (node && strcmp(node->address, address) != 0)
        node = node->next;
    if (!node) {
        node = calloc(1, sizeof *node);
        if (!node)
            return host->explain(host, FL_BROKER_LOST, "no memory for a link; free some");
        snprintf(node->address, sizeof node->address, "%s", address);
        node->next = b->nodes;
        b->nodes = node;
    }
    *out = node;
    if (node->is_allowed)
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_bus_allow(b, address);
    node->is_allowed = !rc;
    return rc;
}

fl_broker_rc fl_bus_sender(fl_bus *b, const char *address, pn_link_t **out)
{
    fl_bus_node *node;
    fl_broker_rc rc = fl_bus_node_of(b, address, &node);
    if (!rc && !node->sender)
        rc = open_sender(b, &node->sender, address, "send to");
    if (!rc)
        *out = node->sender;
    return rc;
}

fl_broker_rc fl_bus_open_queues(fl_bus *b)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < b->config.queue_count && !rc; i++) {
        fl_bus_queue *queue = &b->queues[i];
        fl_bus_node *node;
        rc = fl_bus_node_of(b, queue->address, &node);
        bool has_sessions = b->url.sessions && !strchr(queue->address, '$');
        if (!rc && has_sessions && !fl_bus_sessions_begin(b, i))
            rc = b->base.host->explain(b->base.host, FL_BROKER_LOST, "no memory for sessions");
        else if (!rc && !has_sessions)
            rc = open_receiver(b, &queue->inlet, queue->address, "filch", "receive from");
    }
    return rc;
}

/* A desk without one of its links is opened anew, with both, when it is needed. */
static void forget_desk(fl_bus_desk *desk, const pn_link_t *link)
{
    if (desk->requests != link && desk->answers.link != link)
        return;
    if (desk->requests)
        pn_link_close(desk->requests);
    pn_link_set_context(desk->answers.link, NULL);
    pn_link_close(desk->answers.link);
    desk->requests = desk->answers.link = NULL;
    desk->answers.part.size = 0;
}

/* Service Bus detaches links that have been idle for ten minutes: senders and desks are attached again
 * when they are needed. Without its receivers a connection is of no use. */
void fl_bus_on_detach(fl_bus *b, pn_link_t *link)
{
    const fl_bus_inlet *inlet = pn_link_get_context(link);
    if (inlet && inlet->session)
        fl_bus_session_detached(b, inlet->session);
    else
        b->is_broken |= inlet && inlet->queue != UINT_MAX;
    forget_desk(&b->cbs, link);
    for (fl_bus_node *node = b->nodes; node; node = node->next) {
        forget_desk(&node->management, link);
        if (node->sender == link)
            node->sender = NULL;
    }
    pn_link_close(link);
}

void fl_bus_on_attach(fl_bus *b, pn_link_t *link)
{
    const fl_bus_inlet *inlet = pn_link_get_context(link);
    if (inlet && inlet->session)
        fl_bus_session_attached(b, inlet->session);
}

void fl_bus_free_detached(fl_bus *b)
{
    const pn_state_t closed = PN_LOCAL_CLOSED | PN_REMOTE_CLOSED;
    for (pn_link_t *link = pn_link_head(b->driver.connection, closed), *next; link; link = next) {
        next = pn_link_next(link, closed);
        pn_link_free(link);
    }
}

static void free_inlet(fl_bus_inlet *inlet)
{
    free(inlet->part.at);
    if (inlet->answer)
        pn_message_free(inlet->answer);
}

void fl_bus_free_links(fl_bus *b)
{
    for (fl_bus_node *node = b->nodes, *next; node; node = next) {
        next = node->next;
        free_inlet(&node->management.answers);
        free(node);
    }
    free_inlet(&b->cbs.answers);
    for (unsigned i = 0; i < b->config.queue_count; i++) {
        free_inlet(&b->queues[i].inlet);
        fl_bus_sessions_end(b, i);
    }
    b->nodes = NULL;
}
