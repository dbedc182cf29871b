/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/servicebus/stand_in/service_bus_client.h>

#include <stdlib.h>
#include <string.h>

enum { OK = 200, BAD_REQUEST = 400, GONE = 410, TOKENS = 512 };

void sb_put_text(pn_data_t *data, const char *text)
{
    pn_data_put_string(data, pn_bytes(strlen(text), text));
}

static bool is_text(pn_data_t *data, const char *text)
{
    pn_bytes_t bytes = pn_data_get_bytes(data);
    return bytes.size == strlen(text) && memcmp(bytes.start, text, bytes.size) == 0;
}

bool sb_find(pn_data_t *map, const char *name)
{
    pn_data_rewind(map);
    if (!pn_data_next(map) || pn_data_type(map) != PN_MAP || !pn_data_enter(map))
        return false;
    while (pn_data_next(map)) {
        bool is = is_text(map, name);
        if (!pn_data_next(map))
            return false;
        if (is)
            return true;
    }
    return false;
}

void sb_answer(pn_message_t *request, pn_message_t *answer, const char *key, int status,
               const char *description_key, const char *description)
{
    pn_data_t *properties = pn_message_properties(answer);
    pn_message_set_correlation_id(answer, pn_message_get_id(request));
    pn_data_put_map(properties);
    pn_data_enter(properties);
    sb_put_text(properties, key);
    pn_data_put_int(properties, status);
    sb_put_text(properties, description_key);
    sb_put_text(properties, description);
    pn_data_exit(properties);
}

static void say(pn_message_t *request, pn_message_t *answer, int status, const char *description)
{
    sb_answer(request, answer, "statusCode", status, "statusDescription", description);
}

/* A UUID of AMQP has its bytes in the order of RFC 4122, a delivery tag in that of a GUID, whose first
 * three fields begin with the lowest byte. */
static void token_of(pn_uuid_t uuid, char token[SB_TOKEN])
{
    memcpy(token, uuid.bytes, SB_TOKEN);
    for (unsigned i = 0; i < 4; i++)
        token[i] = uuid.bytes[3 - i];
    for (unsigned i = 4; i < 8; i++)
        token[i] = uuid.bytes[i ^ 1];
}

/* The locked messages of a request. Returns how many; 0: there are none, or one lock is lost. */
static unsigned locked(pn_data_t *body, sb_message *out[TOKENS])
{
    unsigned count = 0;
    char token[SB_TOKEN];
    if (!sb_find(body, "lock-tokens") || pn_data_type(body) != PN_ARRAY || !pn_data_enter(body))
        return 0;
    for (; count < TOKENS && pn_data_next(body); count++) {
        token_of(pn_data_get_uuid(body), token);
        out[count] = sb_locked_by(token);
        if (!out[count])
            return 0;
    }
    return count;
}

static void renew(pn_message_t *request, pn_message_t *answer)
{
    sb_message *messages[TOKENS];
    unsigned count = locked(pn_message_body(request), messages);
    if (sb_obeys(SB_REFUSES_RENEWALS)) {
        say(request, answer, atoi(sb_orders[SB_REFUSES_RENEWALS].with), "as ordered");
        return;
    }
    if (!count) {
        say(request, answer, GONE, "the lock is lost");
        return;
    }
    say(request, answer, OK, "OK");
    pn_data_t *body = pn_message_body(answer);
    pn_data_put_map(body);
    pn_data_enter(body);
    sb_put_text(body, "expirations");
    pn_data_put_array(body, false, PN_TIMESTAMP);
    pn_data_enter(body);
    for (unsigned i = 0; i < count; i++)
        pn_data_put_timestamp(body, sb_renew(messages[i]));
}

static const struct {
    const char *status;
    sb_outcome outcome;
} dispositions[] = {{"completed", SB_COMPLETES},
                    {"abandoned", SB_ABANDONS},
                    {"suspended", SB_DIES}};

/* A copy of the map that `data` points at. */
static pn_data_t *copy_map(pn_data_t *data)
{
    pn_data_t *copy = pn_data(0);
    pn_data_put_map(copy);
    pn_data_enter(copy);
    pn_data_enter(data);
    while (pn_data_next(data))
        pn_data_put_atom(copy, pn_data_get_atom(data));
    pn_data_exit(copy);
    return copy;
}

static void settle(pn_message_t *request, pn_message_t *answer)
{
    sb_message *messages[TOKENS];
    pn_data_t *body = pn_message_body(request), *more = NULL;
    unsigned count = locked(body, messages), row = 0;
    const unsigned rows = sizeof dispositions / sizeof *dispositions;
    bool named = sb_find(body, "disposition-status");
    while (row < rows && !(named && is_text(body, dispositions[row].status)))
        row++;
    if (row == rows || !count) {
        say(request, answer, count ? BAD_REQUEST : GONE, "no such disposition, or lock");
        return;
    }
    if (sb_find(body, "properties-to-modify"))
        more = copy_map(body);
    for (unsigned i = 0; i < count; i++)
        sb_settle(messages[i], dispositions[row].outcome, more);
    if (more)
        pn_data_free(more);
    say(request, answer, OK, "OK");
}

static void renew_session(const char *address, pn_message_t *request, pn_message_t *answer)
{
    pn_data_t *body = pn_message_body(request);
    int64_t until =
        sb_find(body, "session-id") ? sb_session_renew(address, pn_data_get_bytes(body)) : 0;
    say(request, answer, until ? OK : GONE, until ? "OK" : "the session is lost");
    if (!until)
        return;
    body = pn_message_body(answer);
    pn_data_put_map(body);
    pn_data_enter(body);
    sb_put_text(body, "expiration");
    pn_data_put_timestamp(body, until);
}

void sb_manage(const char *address, pn_message_t *request, pn_message_t *answer)
{
    pn_data_t *properties = pn_message_properties(request);
    bool named = sb_find(properties, "operation");
    if (named && is_text(properties, "com.microsoft:renew-lock"))
        renew(request, answer);
    else if (named && is_text(properties, "com.microsoft:renew-session-lock"))
        renew_session(address, request, answer);
    else if (named && is_text(properties, "com.microsoft:update-disposition"))
        settle(request, answer);
    else
        say(request, answer, BAD_REQUEST, "no such operation");
}
