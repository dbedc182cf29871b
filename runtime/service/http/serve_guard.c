/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/serve_guard.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The time depends on the length of the sent text, not on the token. */
static bool is_same(const char *token, const char *sent)
{
    size_t size = strlen(token), sent_size = strlen(sent);
    unsigned difference = size != sent_size;
    for (size_t i = 0; i < sent_size; i++) {
        difference |= (unsigned char)(token[i < size ? i : size] ^ sent[i]);
        __asm__("" : "+r"(difference)); /* the compiler must not leave the loop early */
    }
    return !difference;
}

/* A page of a foreign site, whose name its owner has pointed at this address, sends that name. */
static bool is_local_name(const char *host)
{
    char name[64];
    struct in_addr address;
    if (!host || *host == '[')
        return true;
    if (snprintf(name, sizeof name, "%.*s", (int)strcspn(host, ":"), host) >= (int)sizeof name)
        return false;
    return !strcasecmp(name, "localhost") || inet_pton(AF_INET, name, &address) == 1;
}

fl_access fl_guard_judge(const fl_guard *guard, const char *host, const char *authorization,
                         const char *password)
{
    static const char bearer[] = "Bearer ";
    if (!guard->token && !guard->is_loopback)
        return FL_ACCESS_REFUSED;
    if (!guard->token)
        return is_local_name(host) ? FL_ACCESS_GRANTED : FL_ACCESS_FOREIGN;
    if (authorization && !strncasecmp(authorization, bearer, sizeof bearer - 1))
        password = authorization + sizeof bearer - 1;
    return password && is_same(guard->token, password) ? FL_ACCESS_GRANTED : FL_ACCESS_ASK;
}
