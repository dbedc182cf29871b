/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/pubsub/stand_in/pubsub_store.h>
#include <tests/service/http_server.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { ATTRIBUTES_MOST = 100, NAME_MOST = 256, VALUE_MOST = 1024 };
static const int64_t SECOND = 1000000000;

struct topic {
    topic *next;
    char *name;
};

/* A message of one subscription: in its list of ready ones, or of leased ones. */
struct entry {
    entry *next, *previous;
    subscription *of;
    json_t *message;
    const char *key; /* NULL: none */
    uint64_t number, delivery;
    unsigned attempts;
    int64_t deadline;
    bool is_leased;
};

struct subscription {
    subscription *next;
    char *name;
    topic *of;
    int64_t deadline; /* s */
    bool is_ordered, counts;
    entry ready, leased; /* heads of rings */
    int64_t next_deadline;
};

/* ---- Time ---- */

int64_t store_now(const store *all)
{
    return http_now() + all->passed;
}

static int64_t unix_ns(const store *all)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND + now.tv_nsec + all->passed;
}

int64_t store_unix(const store *all)
{
    return unix_ns(all) / SECOND;
}

void store_pass(store *all, int64_t ns)
{
    all->passed += ns;
}

/* ---- Rings ---- */

static void empty(entry *head)
{
    head->next = head->previous = head;
}

static void take_out(entry *one)
{
    one->previous->next = one->next;
    one->next->previous = one->previous;
}

static void put_before(entry *place, entry *one)
{
    one->next = place;
    one->previous = place->previous;
    place->previous->next = one;
    place->previous = one;
}

/* ---- Resources ---- */

topic *store_topic(store *all, const char *name)
{
    topic *one = all->topics;
    while (one && strcmp(one->name, name) != 0)
        one = one->next;
    return one;
}

const char *store_make_topic(store *all, const char *name)
{
    topic *one = malloc(sizeof *one);
    *one = (topic){all->topics, strdup(name)};
    all->topics = one;
    return one->name;
}

subscription *store_subscription(store *all, const char *name)
{
    subscription *one = all->subscriptions;
    while (one && strcmp(one->name, name) != 0)
        one = one->next;
    return one;
}

const char *store_subscribe(store *all, const char *name, const json_t *settings,
                            subscription **out)
{
    const char *to = json_string_value(json_object_get(settings, "topic"));
    const json_t *deadline = json_object_get(settings, "ackDeadlineSeconds");
    topic *of = to ? store_topic(all, to) : NULL;
    int64_t seconds = deadline ? json_integer_value(deadline) : STORE_DEADLINE_LEAST;
    if (!of)
        return "no such topic";
    if (seconds < STORE_DEADLINE_LEAST || seconds > STORE_DEADLINE_MOST)
        return "ackDeadlineSeconds must be 10..600";
    subscription *one = calloc(1, sizeof *one);
    one->next = all->subscriptions;
    one->name = strdup(name);
    one->of = of;
    one->deadline = seconds;
    one->is_ordered = json_is_true(json_object_get(settings, "enableMessageOrdering"));
    one->counts = json_is_object(json_object_get(settings, "deadLetterPolicy"));
    one->next_deadline = INT64_MAX;
    empty(&one->ready);
    empty(&one->leased);
    all->subscriptions = *out = one;
    return NULL;
}

json_t *store_describe(const subscription *one)
{
    json_t *out = json_pack("{s:s, s:s, s:I, s:b}", "name", one->name, "topic", one->of->name,
                            "ackDeadlineSeconds", (json_int_t)one->deadline,
                            "enableMessageOrdering", one->is_ordered);
    if (one->counts)
        json_object_set_new(out, "deadLetterPolicy", json_object());
    return out;
}

/* ---- Publishing ---- */

static const char *check(const json_t *message)
{
    const char *name;
    json_t *value;
    json_t *attributes = json_object_get(message, "attributes");
    if (!json_object_size(attributes) && !json_string_length(json_object_get(message, "data")))
        return "a message needs data or attributes";
    if (json_object_size(attributes) > ATTRIBUTES_MOST)
        return "more than 100 attributes";
    json_object_foreach(
        attributes, name,
        value) if (!json_is_string(value) || !*name || strlen(name) > NAME_MOST ||
                   json_string_length(value) > VALUE_MOST ||
                   (strncasecmp(name, "goog", 4) == 0 &&
                    strncmp(name, "googclient_", 11) !=
                        0)) return "an attribute is too long, or its name begins with goog";
    return NULL;
}

static void deliver_to(subscription *to, json_t *message, uint64_t number)
{
    entry *one = calloc(1, sizeof *one);
    one->of = to;
    one->message = json_incref(message);
    one->number = number;
    one->key = to->is_ordered ? json_string_value(json_object_get(message, "orderingKey")) : NULL;
    put_before(&to->ready, one);
}

static json_t *accept(store *all, const topic *to, const json_t *message)
{
    char id[24], when[64];
    int64_t now = unix_ns(all);
    time_t seconds = now / SECOND;
    struct tm date;
    json_t *copy = json_copy((json_t *)(uintptr_t)message);
    snprintf(id, sizeof id, "%" PRIu64, ++all->messages);
    gmtime_r(&seconds, &date);
    size_t used = strftime(when, sizeof when, "%FT%T", &date);
    snprintf(when + used, sizeof when - used, ".%09dZ", (int)(now % SECOND));
    json_object_set_new(copy, "messageId", json_string(id));
    json_object_set_new(copy, "publishTime", json_string(when));
    for (subscription *one = all->subscriptions; one; one = one->next)
        if (one->of == to)
            deliver_to(one, copy, all->messages);
    json_decref(copy);
    return json_string(id);
}

const char *store_publish(store *all, topic *to, const json_t *messages, json_t **ids)
{
    size_t i, count = json_array_size(messages);
    if (!count || count > 1000)
        return "a request has 1..1000 messages";
    for (i = 0; i < count; i++) {
        const char *why = check(json_array_get(messages, i));
        if (why)
            return why;
    }
    *ids = json_array();
    for (i = 0; i < count; i++)
        json_array_append_new(*ids, accept(all, to, json_array_get(messages, i)));
    return NULL;
}

/* ---- Deliveries ---- */

/* In the order of publication. */
static void make_ready(store *all, entry *one)
{
    subscription *of = one->of;
    entry *place = of->ready.next;
    while (place != &of->ready && place->number < one->number)
        place = place->next;
    take_out(one);
    all->leased[one->delivery] = NULL;
    one->is_leased = false;
    put_before(place, one);
}

/* With a message, all later ones of its key come again. */
static void redeliver(store *all, entry *first)
{
    subscription *of = first->of;
    const char *key = first->key;
    uint64_t number = first->number;
    make_ready(all, first);
    for (entry *one = of->leased.next, *next; key && one != &of->leased; one = next) {
        next = one->next;
        if (one->key && one->number > number && strcmp(one->key, key) == 0)
            make_ready(all, one);
    }
}

/* Of an earlier pull. */
static bool is_busy(const subscription *from, const char *key, uint64_t before)
{
    for (const entry *one = from->leased.next; one != &from->leased; one = one->next)
        if (one->key && one->delivery < before && strcmp(one->key, key) == 0)
            return true;
    return false;
}

static void lease(store *all, entry *one)
{
    if (all->deliveries == all->room) {
        all->room = all->room ? 2 * all->room : 1024;
        all->leased = realloc(all->leased, all->room * sizeof(entry *));
    }
    one->delivery = all->deliveries++;
    all->leased[one->delivery] = one;
    one->is_leased = true;
    one->attempts++;
    one->deadline = store_now(all) + one->of->deadline * SECOND;
    if (one->deadline < one->of->next_deadline)
        one->of->next_deadline = one->deadline;
    take_out(one);
    put_before(&one->of->leased, one);
}

json_t *store_pull(store *all, subscription *from, size_t most)
{
    json_t *out = json_array();
    uint64_t before = all->deliveries;
    store_turn(all);
    for (entry *one = from->ready.next, *next; one != &from->ready && json_array_size(out) < most;
         one = next) {
        char ack_id[160];
        next = one->next;
        if (one->key && is_busy(from, one->key, before))
            continue;
        lease(all, one);
        snprintf(ack_id, sizeof ack_id, "%.120s:%" PRIu64, from->name, one->delivery);
        json_t *received = json_pack("{s:s, s:O}", "ackId", ack_id, "message", one->message);
        if (from->counts)
            json_object_set_new(received, "deliveryAttempt", json_integer(one->attempts));
        json_array_append_new(out, received);
    }
    return out;
}

static entry *find(const store *all, const subscription *from, const char *ack_id)
{
    const char *number = ack_id ? strrchr(ack_id, ':') : NULL;
    uint64_t delivery = number ? strtoull(number + 1, NULL, 10) : UINT64_MAX;
    entry *one = delivery < all->deliveries ? all->leased[delivery] : NULL;
    return one && one->of == from ? one : NULL;
}

void store_acknowledge(store *all, subscription *from, const char *ack_id)
{
    store_turn(all);
    entry *one = find(all, from, ack_id);
    if (!one)
        return;
    all->leased[one->delivery] = NULL;
    take_out(one);
    json_decref(one->message);
    free(one);
}

void store_defer(store *all, subscription *from, const char *ack_id, int64_t seconds)
{
    store_turn(all);
    entry *one = find(all, from, ack_id);
    if (one && !seconds) {
        redeliver(all, one);
    } else if (one) {
        one->deadline = store_now(all) + seconds * SECOND;
        if (one->deadline < from->next_deadline)
            from->next_deadline = one->deadline;
    }
}

/* Looks at the leased messages only when the first may be due. */
static void turn_one(store *all, subscription *of)
{
    int64_t now = store_now(all);
    bool again = of->next_deadline <= now;
    while (again) {
        again = false;
        of->next_deadline = INT64_MAX;
        for (entry *one = of->leased.next; one != &of->leased && !again; one = one->next) {
            again = one->deadline <= now;
            if (again)
                redeliver(all, one);
            else if (one->deadline < of->next_deadline)
                of->next_deadline = one->deadline;
        }
    }
}

int64_t store_turn(store *all)
{
    int64_t next = INT64_MAX;
    for (subscription *one = all->subscriptions; one; one = one->next) {
        turn_one(all, one);
        next = one->next_deadline < next ? one->next_deadline : next;
    }
    return next == INT64_MAX ? next : next - all->passed;
}
