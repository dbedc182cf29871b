/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/distrust.h>

#include <stdio.h>
#include <string.h>

/* The parts of HOST:PORT or [HOST]:PORT, of `length` bytes; the port stays as it is if there is none. */
static void split(const char *place, size_t length, char *name, size_t name_size, char *port,
                  size_t port_size)
{
    bool is_bracketed = *place == '[';
    const char *end = memchr(place, is_bracketed ? ']' : ':', length);
    size_t name_length = (end ? (size_t)(end - place) : length) - is_bracketed;
    snprintf(name, name_size, "%.*s", (int)name_length, place + is_bracketed);
    const char *colon = end && is_bracketed ? end + 1 : end;
    if (colon && colon < place + length && *colon == ':')
        snprintf(port, port_size, "%.*s", (int)(place + length - colon - 1), colon + 1);
}

static bool distrusts(const fl_broker_host *host, const fl_distrust *of, const char *name,
                      const char *port)
{
    char why[FL_TLS_WHY];
    const fl_tls_peer peer = {.host = name,
                              .any_name = of->any_name,
                              .ca = of->ca,
                              .ca_option = of->ca_option};
    if (!fl_tls_refusal(&peer, port, &of->begins, why))
        return false;
    host->explain(host, FL_BROKER_REFUSED, "cannot trust %s at %s:%s: %s", of->who, name, port,
                  why);
    return true;
}

bool fl_distrusts(const fl_broker_host *host, const fl_distrust *of)
{
    char name[256], port[16];
    for (const char *at = of->places; *at;) {
        size_t length = strcspn(at, ",");
        snprintf(port, sizeof port, "%s", of->port);
        split(at, length, name, sizeof name, port, sizeof port);
        if (distrusts(host, of, name, port))
            return true;
        at += length + (at[length] == ',');
    }
    return false;
}
