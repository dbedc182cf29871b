/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Troubles of a broker's server behind a proxy, for <tests/service/fleet.h>: one at each call, in
 * turn. */
#ifndef SERVICE_DISTURB_H
#define SERVICE_DISTURB_H

#include <tests/support/system.h>

enum { DISTURBANCES = 4 };

static proxy disturb_way;
static void (*disturb_server)(void); /* kills it, and starts it again with its data */

static void disturb(void)
{
    static const proxy_mode modes[DISTURBANCES - 1] = {PROXY_RESETS, PROXY_HALF_CLOSES,
                                                       PROXY_STALLS};
    static unsigned turn;
    unsigned which = turn++ % DISTURBANCES;
    if (which == DISTURBANCES - 1) {
        disturb_server();
        return;
    }
    proxy_set(&disturb_way, modes[which]);
    if (modes[which] != PROXY_STALLS)
        return;
    usleep(300 * 1000); /* a server that is silent for a moment */
    proxy_set(&disturb_way, PROXY_PASSES);
}

#endif
