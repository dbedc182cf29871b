/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs microhttpd jansson
 *
 * The places of the HTTP server's connections, at times that the test chooses. */
#include <arpa/inet.h>
#include <filch/wait.h>
#include <runtime/service/http/serve_places.h>
#include <sys/socket.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { HERE = 1, THERE = 2, ELSEWHERE = 1000 };
#define MOMENT FILCH_MILLISECOND

static fl_serve_places places;

/* A connection. */
typedef struct client {
    int fd;
    fl_serve_place *place;
} client;

static client arrive(uint64_t network, int64_t now)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    return (client){pair[0], fl_serve_places_take(&places, pair[1], network, now)};
}

static bool is_connected(const client *one)
{
    char byte;
    return recv(one->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* As the server does it. */
static void close_shut(client *all, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (all[i].place->phase == FL_SERVE_SHUT)
            fl_serve_place_leave(all[i].place);
}

Test(serve_places, each_phase_has_its_time)
{
    client asks = arrive(HERE, 0), answered = arrive(HERE, 0);
    fl_serve_place_answered(answered.place, FILCH_SECOND);
    cr_assert_eq(fl_serve_places_expire(&places, 2 * FILCH_SECOND - 1), 2 * FILCH_SECOND);
    cr_assert(is_connected(&asks) && is_connected(&answered));
    cr_assert_eq(fl_serve_places_expire(&places, 2 * FILCH_SECOND), 11 * FILCH_SECOND);
    cr_assert(!is_connected(&asks) && is_connected(&answered));
    fl_serve_place_answered(answered.place, 3 * FILCH_SECOND);
    cr_assert_eq(fl_serve_places_expire(&places, 11 * FILCH_SECOND), 13 * FILCH_SECOND);
    cr_assert_eq(fl_serve_places_expire(&places, 13 * FILCH_SECOND), FILCH_FOREVER);
    cr_assert(!is_connected(&answered));
}

Test(serve_places, shut_connection_gets_no_time)
{
    client one = arrive(HERE, 0);
    fl_serve_places_expire(&places, 2 * FILCH_SECOND);
    fl_serve_place_answered(one.place, 2 * FILCH_SECOND);
    cr_assert_eq(fl_serve_places_expire(&places, 2 * FILCH_SECOND), FILCH_FOREVER);
    cr_assert_eq(one.place->phase, FL_SERVE_SHUT);
}

Test(serve_places, empty_house_has_no_deadline)
{
    client one = arrive(HERE, 0);
    fl_serve_place_leave(one.place);
    cr_assert_eq(fl_serve_places_expire(&places, FILCH_SECOND), FILCH_FOREVER);
}

Test(serve_places, full_house_drops_the_longest)
{
    client all[FL_SERVE_PLACES], newest[FL_SERVE_PLACES];
    for (unsigned i = 0; i < FL_SERVE_PLACES; i++)
        all[i] = arrive(HERE, i * MOMENT);
    fl_serve_place_answered(all[0].place, FL_SERVE_PLACES * MOMENT); /* the youngest now */
    for (unsigned i = 1; i < FL_SERVE_PLACES; i++) {
        newest[i] = arrive(HERE, (FL_SERVE_PLACES + i) * MOMENT);
        cr_assert(!is_connected(&all[i]), "%u", i);
        cr_assert(i + 1 == FL_SERVE_PLACES || is_connected(&all[i + 1]), "%u", i);
        cr_assert(is_connected(&newest[i]) && is_connected(&all[0]), "%u", i);
        close_shut(&all[i], 1);
    }
}

Test(serve_places, crowd_drops_nobody_else)
{
    client quiet = arrive(THERE, 0), probe;
    client crowd[FL_SERVE_PLACES];
    for (unsigned i = 0; i + 1 < FL_SERVE_PLACES; i++)
        crowd[i] = arrive(HERE, (i + 1) * MOMENT);
    for (unsigned i = 0; i < FL_SERVE_PLACES / 4; i++) {
        probe = arrive(THERE, (FL_SERVE_PLACES + i) * MOMENT);
        cr_assert(!is_connected(&crowd[i]), "%u", i);
        cr_assert(is_connected(&quiet) && is_connected(&probe), "%u", i);
        close_shut(&crowd[i], 1);
        fl_serve_place_leave(probe.place);
        crowd[i] = arrive(HERE, (FL_SERVE_PLACES + i) * MOMENT);
    }
}

Test(serve_places, equal_networks_drop_the_longest)
{
    client all[FL_SERVE_PLACES];
    for (unsigned i = 0; i < FL_SERVE_PLACES; i++)
        all[i] = arrive(ELSEWHERE + i, i * MOMENT);
    client newest = arrive(HERE, FL_SERVE_PLACES * MOMENT);
    cr_assert(!is_connected(&all[0]) && is_connected(&all[1]) && is_connected(&newest));
}

Test(serve_places, networks_are_addresses_or_halves)
{
    static const struct {
        const char *one, *other;
        bool is_same;
    } rows[] = {{"10.0.0.1", "10.0.0.1", true},
                {"10.0.0.1", "10.0.0.2", false},
                {"::ffff:10.0.0.1", "10.0.0.1", true},
                {"::ffff:10.0.0.1", "::ffff:10.0.0.2", false},
                {"2001:db8::1", "2001:db8::2", true},
                {"2001:db8::1", "2001:db8:0:1::1", false}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t networks[2];
        for (unsigned k = 0; k < 2; k++) {
            const char *text = k ? rows[i].other : rows[i].one;
            struct sockaddr_in four = {.sin_family = AF_INET};
            struct sockaddr_in6 six = {.sin6_family = AF_INET6};
            bool is_four = inet_pton(AF_INET, text, &four.sin_addr) == 1;
            cr_assert(is_four || inet_pton(AF_INET6, text, &six.sin6_addr) == 1);
            networks[k] = fl_serve_network(is_four ? (const struct sockaddr *)&four
                                                   : (const struct sockaddr *)&six);
        }
        cr_assert_eq(networks[0] == networks[1], rows[i].is_same, "%u", i);
    }
}
