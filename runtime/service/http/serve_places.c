/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_places.h>

#include <filch/wait.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* A probe's request is one packet; an answer can be large, and its reader far away. */
static const int64_t patience[FL_SERVE_PHASES] = {
    [FL_SERVE_ASKS] = 2 * FILCH_SECOND,
    [FL_SERVE_ANSWERED] = 10 * FILCH_SECOND,
};

uint64_t fl_serve_network(const struct sockaddr *client)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    uint64_t half;
    uint32_t four;
    if (client->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)client)->sin_addr.s_addr;
    memcpy(&half, six->s6_addr, sizeof half);
    memcpy(&four, six->s6_addr + sizeof six->s6_addr - sizeof four, sizeof four);
    return IN6_IS_ADDR_V4MAPPED(six) ? four : half;
}

static bool is_open(const fl_serve_place *place)
{
    return patience[place->phase] != 0;
}

static void shut(fl_serve_place *place)
{
    shutdown(place->fd, SHUT_RDWR);
    place->phase = FL_SERVE_SHUT;
}

/* Open connections of a network; 0: of all. */
static unsigned count(const fl_serve_places *places, const uint64_t *network)
{
    unsigned found = 0;
    for (unsigned i = 0; i < FL_SERVE_PLACES_ALL; i++)
        found += is_open(&places->all[i]) && (!network || places->all[i].network == *network);
    return found;
}

static void make_room(fl_serve_places *places)
{
    fl_serve_place *longest = NULL;
    unsigned most = 0;
    for (fl_serve_place *one = places->all; one < places->all + FL_SERVE_PLACES_ALL; one++) {
        unsigned has = is_open(one) ? count(places, &one->network) : 0;
        if (has > most || (has && has == most && one->since < longest->since)) {
            longest = one;
            most = has;
        }
    }
    shut(longest);
}

fl_serve_place *fl_serve_places_take(fl_serve_places *places, int fd, uint64_t network, int64_t now)
{
    fl_serve_place *free = places->all;
    if (count(places, NULL) == FL_SERVE_PLACES)
        make_room(places);
    while (free->phase != FL_SERVE_FREE)
        free++;
    *free = (fl_serve_place){.phase = FL_SERVE_ASKS, .fd = fd, .network = network, .since = now};
    return free;
}

void fl_serve_place_answered(fl_serve_place *place, int64_t now)
{
    if (!is_open(place))
        return;
    place->phase = FL_SERVE_ANSWERED;
    place->since = now;
}

void fl_serve_place_leave(fl_serve_place *place)
{
    place->phase = FL_SERVE_FREE;
}

int64_t fl_serve_places_expire(fl_serve_places *places, int64_t now)
{
    int64_t next = FILCH_FOREVER;
    for (fl_serve_place *one = places->all; one < places->all + FL_SERVE_PLACES_ALL; one++) {
        int64_t until = is_open(one) ? one->since + patience[one->phase] : FILCH_FOREVER;
        if (until <= now)
            shut(one);
        else if (until < next)
            next = until;
    }
    return next;
}
