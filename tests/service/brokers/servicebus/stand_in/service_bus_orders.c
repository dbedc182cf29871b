/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Orders of a test: a message to the queue `orders` makes the server misbehave, so many times. */
#include <tests/service/brokers/servicebus/stand_in/service_bus_client.h>

#include <stdio.h>
#include <string.h>

sb_order sb_orders[SB_ORDERS];

static const char *const names[SB_ORDERS] = {
    [SB_REFUSES_OUTCOMES] = "refuse-outcomes",
    [SB_REFUSES_MESSAGES] = "refuse-messages",
    [SB_REFUSES_RENEWALS] = "refuse-renewals",
    [SB_DETACHES] = "detach",
    [SB_DESCRIBES] = "describe",
};

bool sb_obeys(enum sb_order_kind kind)
{
    bool is_left = sb_orders[kind].left > 0;
    sb_orders[kind].left -= is_left;
    return is_left;
}

/* "NAME TIMES WITH" */
bool sb_take_order(pn_bytes_t text)
{
    char line[200], name[32], with[64] = "";
    unsigned times = 0;
    snprintf(line, sizeof line, "%.*s", (int)text.size, text.start);
    if (sscanf(line, "%31s %u %63s", name, &times, with) < 2)
        return false;
    for (unsigned i = 0; i < SB_ORDERS; i++)
        if (strcmp(names[i], name) == 0) {
            sb_orders[i].left = times;
            snprintf(sb_orders[i].with, sizeof sb_orders[i].with, "%s", with);
            return true;
        }
    return false;
}

static bool is_idle(const outlet *one)
{
    return !one->queue || !pn_link_is_sender(one->link);
}

void sb_detach_idle(client *c)
{
    for (outlet *one = c->outlets; one; one = one->next)
        if (is_idle(one) && (pn_link_state(one->link) & PN_LOCAL_ACTIVE)) {
            sb_set_condition(pn_link_condition(one->link), "amqp:link:detach-forced",
                             "the link was idle for 10 minutes");
            pn_link_close(one->link);
        }
    c->is_to_detach = false;
}
