/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sessions of the stand-in: a link that asks for one is attached when a session has messages and no lock. */
#include <tests/service/brokers/servicebus/stand_in/service_bus_client.h>

#include <stdio.h>
#include <string.h>

#include <proton/terminus.h>

enum { TIMEOUT_USUAL_MS = 65000 };
static const char filter_name[] = "com.microsoft:session-filter";
static int64_t lock_ms;

void sb_sessions_begin(int64_t ms)
{
    lock_ms = ms;
}

/* ---- Locks ---- */

static bool is_held(const sb_queue *queue, const char *id)
{
    for (const client *c = sb_clients; c; c = c->next)
        for (const outlet *one = c->outlets; one; one = one->next)
            if (one->queue == queue && strcmp(one->session, id) == 0)
                return true;
    return false;
}

/* The first message that is ready and in no locked session. */
static const sb_message *first_of(sb_queue *queue)
{
    for (fl_list *at = queue->ready.next; at != &queue->ready; at = at->next) {
        const sb_message *message = (const sb_message *)(const void *)at;
        if (!is_held(queue, message->session))
            return message;
    }
    return NULL;
}

/* ---- Links ---- */

bool sb_wants_session(pn_link_t *link)
{
    return sb_find(pn_terminus_filter(pn_link_remote_source(link)), filter_name);
}

void sb_session_ask(outlet *one)
{
    pn_data_t *properties = pn_link_remote_properties(one->link);
    bool is_given = sb_find(properties, "com.microsoft:timeout");
    one->asks_until = sb_now() + (is_given ? pn_data_get_uint(properties) : TIMEOUT_USUAL_MS);
}

static void attach(outlet *one, const char *id)
{
    pn_link_t *link = one->link;
    one->asks_until = 0;
    snprintf(one->session, sizeof one->session, "%s", id);
    one->locked_until = sb_now() + lock_ms;
    pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
    pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
    pn_data_t *filter = pn_terminus_filter(pn_link_source(link));
    pn_data_clear(filter);
    pn_data_put_map(filter);
    pn_data_enter(filter);
    pn_data_put_symbol(filter, pn_bytes(strlen(filter_name), filter_name));
    bool is_described = sb_obeys(SB_DESCRIBES);
    if (is_described) {
        pn_data_put_described(filter);
        pn_data_enter(filter);
        pn_data_put_symbol(filter, pn_bytes(strlen(filter_name), filter_name));
    }
    sb_put_text(filter, id);
    if (is_described)
        pn_data_exit(filter);
    pn_data_exit(filter);
    pn_data_t *properties = pn_link_properties(link);
    pn_data_put_map(properties);
    pn_data_enter(properties);
    static const char until[] = "com.microsoft:locked-until-utc";
    pn_data_put_symbol(properties, pn_bytes(sizeof until - 1, until));
    pn_data_put_long(properties, one->locked_until * 10000 + INT64_C(621355968000000000));
    pn_data_exit(properties);
    pn_link_set_snd_settle_mode(link, pn_link_remote_snd_settle_mode(link));
    pn_link_set_rcv_settle_mode(link, pn_link_remote_rcv_settle_mode(link));
    pn_link_set_max_message_size(link, SB_LARGEST);
    pn_link_open(link);
}

static void detach(outlet *one, const char *condition)
{
    sb_set_condition(pn_link_condition(one->link), condition, "session");
    pn_link_close(one->link);
    one->session[0] = '\0';
    one->asks_until = one->locked_until = 0;
}

void sb_session_release(outlet *one)
{
    if (one->queue && *one->session)
        sb_unlock_session(one->queue, one->session, false);
    one->session[0] = '\0';
}

/* ---- Time ---- */

/* Is there something for this client's links to do? */
static bool is_due(const outlet *one, int64_t now)
{
    return (one->asks_until && (one->asks_until <= now || first_of(one->queue))) ||
           (*one->session && one->locked_until <= now);
}

bool sb_sessions_are_due(const client *c)
{
    for (const outlet *one = c->outlets; one; one = one->next)
        if (is_due(one, sb_now()))
            return true;
    return false;
}

bool sb_sessions_have_times(void)
{
    for (const client *c = sb_clients; c; c = c->next)
        for (const outlet *one = c->outlets; one; one = one->next)
            if (one->asks_until || *one->session)
                return true;
    return false;
}

void sb_sessions_turn(client *c)
{
    int64_t now = sb_now();
    for (outlet *one = c->outlets; one; one = one->next) {
        const sb_message *first = one->asks_until ? first_of(one->queue) : NULL;
        if (first) {
            attach(one, first->session);
        } else if (one->asks_until && one->asks_until <= now) {
            pn_terminus_set_type(pn_link_source(one->link), PN_UNSPECIFIED);
            pn_link_open(one->link);
            detach(one, "com.microsoft:timeout");
        } else if (*one->session && one->locked_until <= now) {
            sb_unlock_session(one->queue, one->session, true);
            detach(one, "com.microsoft:session-lock-lost");
        }
    }
}

/* ---- Requests ---- */

int64_t sb_session_renew(const char *address, pn_bytes_t id)
{
    char text[SB_SESSION];
    static const char management[] = "/$management";
    size_t length = strlen(address) - (sizeof management - 1);
    snprintf(text, sizeof text, "%.*s", (int)id.size, id.start);
    for (client *c = sb_clients; c; c = c->next)
        for (outlet *one = c->outlets; one; one = one->next)
            if (one->queue && strlen(one->queue->name) == length &&
                strncmp(one->queue->name, address, length) == 0 && strcmp(one->session, text) == 0)
                return one->locked_until = sb_now() + lock_ms;
    return 0;
}
