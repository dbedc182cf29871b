/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub_order.h>

#include <runtime/service/broker.h>

#include <filch/service.h>

#include <stdlib.h>
#include <string.h>

struct fl_pubsub_busy {
    fl_pubsub_busy *next;
    uint64_t number; /* fl_delivery.tag[0] */
    int64_t until;
    char key[];
};

const char *fl_pubsub_order_key(const filch_message *message)
{
    const char *key = filch_message_header(message, FL_PUBSUB_KEY_HEADER);
    return key && *key ? key : NULL;
}

bool fl_pubsub_order_is_busy(fl_pubsub_order *order, const char *key, int64_t now)
{
    bool is = false;
    for (fl_pubsub_busy **at = &order->busy, *one; (one = *at);) {
        if (one->until <= now) {
            *at = one->next;
            free(one);
            continue;
        }
        is |= strcmp(one->key, key) == 0;
        at = &one->next;
    }
    return is;
}

bool fl_pubsub_order_begin(fl_pubsub_order *order, const char *key, fl_delivery *delivery)
{
    fl_pubsub_busy *one = malloc(sizeof *one + strlen(key) + 1);
    if (!one)
        return false;
    delivery->tag[0] = ++order->last;
    *one = (fl_pubsub_busy){order->busy, order->last, delivery->lease_until};
    strcpy(one->key, key);
    order->busy = one;
    return true;
}

static fl_pubsub_busy **place_of(fl_pubsub_order *order, const fl_delivery *delivery)
{
    fl_pubsub_busy **at = &order->busy;
    while (*at && (*at)->number != delivery->tag[0])
        at = &(*at)->next;
    return at;
}

void fl_pubsub_order_extend(fl_pubsub_order *order, const fl_delivery *delivery)
{
    fl_pubsub_busy *one = *place_of(order, delivery);
    if (one)
        one->until = delivery->lease_until;
}

void fl_pubsub_order_end(fl_pubsub_order *order, const fl_delivery *delivery)
{
    fl_pubsub_busy **at = place_of(order, delivery), *one = *at;
    if (!one)
        return;
    *at = one->next;
    free(one);
}

void fl_pubsub_order_clear(fl_pubsub_order *order)
{
    for (fl_pubsub_busy *one; (one = order->busy);) {
        order->busy = one->next;
        free(one);
    }
}
