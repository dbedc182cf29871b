/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The connections of the HTTP server: each has a deadline, and a full server still accepts one more.
 *
 * A client that sends or reads a byte now and then would keep its connection forever if each byte
 * extended its time. So a connection has 2 s for its whole first request, and from the start of each
 * answer 10 s to read it and to send the next request. When all places are taken, a new connection
 * replaces the one that has waited longest, among those of the network with the most connections.
 * So a probe always gets a place, even if all clients have one address (a proxy), and many clients
 * of one network displace no connection of another. A connection ends by a shutdown of its socket,
 * which the server then closes.
 *
 * Threads: one at a time. */
#ifndef FL_SERVE_PLACES_H
#define FL_SERVE_PLACES_H

#include <stdint.h>

struct sockaddr;

enum {
    FL_SERVE_PLACES = 64,
    /* Including those that are shut down and not yet closed. */
    FL_SERVE_PLACES_ALL = FL_SERVE_PLACES + 32
};

typedef enum fl_serve_phase {
    FL_SERVE_FREE,
    FL_SERVE_ASKS,     /* its first request is not complete */
    FL_SERVE_ANSWERED, /* reads an answer, or sends the next request */
    FL_SERVE_SHUT,     /* to be closed */
    FL_SERVE_PHASES
} fl_serve_phase;

typedef struct fl_serve_place {
    fl_serve_phase phase;
    int fd;
    uint64_t network;
    int64_t since; /* of filch_now: it was accepted, or its last answer began */
} fl_serve_place;

typedef struct fl_serve_places {
    fl_serve_place all[FL_SERVE_PLACES_ALL];
} fl_serve_places;

/* An IPv4 address, or the first half of an IPv6 address, since a host chooses the other half. */
uint64_t fl_serve_network(const struct sockaddr *client);
/* A place for an accepted connection. There are never more than FL_SERVE_PLACES_ALL. */
fl_serve_place *fl_serve_places_take(fl_serve_places *places, int fd, uint64_t network,
                                     int64_t now);
/* An answer begins. */
void fl_serve_place_answered(fl_serve_place *place, int64_t now);
/* The socket is about to be closed. */
void fl_serve_place_leave(fl_serve_place *place);
/* Shuts late connections down. Returns the next deadline, or FILCH_FOREVER. */
int64_t fl_serve_places_expire(fl_serve_places *places, int64_t now);

#endif
