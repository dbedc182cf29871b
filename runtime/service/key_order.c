/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/key_order.h>

#include <filch/service.h>

#include <stdlib.h>
#include <string.h>

struct fl_busy_key {
    fl_busy_key *next;
    uint64_t number;
    int64_t until;
    char key[];
};

const char *fl_key_order_key(const filch_message *message)
{
    const char *key = filch_message_header(message, FL_KEY_HEADER);
    return key && *key ? key : NULL;
}

bool fl_key_order_is_busy(fl_key_order *order, const char *key, int64_t now)
{
    bool is = false;
    for (fl_busy_key **at = &order->busy, *one; (one = *at);) {
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

bool fl_key_order_begin(fl_key_order *order, const char *key, uint64_t number, int64_t until)
{
    fl_busy_key *one = malloc(sizeof *one + strlen(key) + 1);
    if (!one)
        return false;
    *one = (fl_busy_key){order->busy, number, until};
    strcpy(one->key, key);
    order->busy = one;
    return true;
}

static fl_busy_key **place_of(fl_key_order *order, uint64_t number)
{
    fl_busy_key **at = &order->busy;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

void fl_key_order_extend(fl_key_order *order, uint64_t number, int64_t until)
{
    fl_busy_key *one = *place_of(order, number);
    if (one)
        one->until = until;
}

void fl_key_order_end(fl_key_order *order, uint64_t number)
{
    fl_busy_key **at = place_of(order, number), *one = *at;
    if (!one)
        return;
    *at = one->next;
    free(one);
}

void fl_key_order_clear(fl_key_order *order)
{
    for (fl_busy_key *one; (one = order->busy);) {
        order->busy = one->next;
        free(one);
    }
}
