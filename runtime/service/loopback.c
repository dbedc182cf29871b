/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/loopback.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool fl_loopback_has(const char *name, size_t length)
{
    static const char *const names[] = {"localhost", "::1", "[::1]"};
    char address[INET_ADDRSTRLEN] = "";
    struct in_addr parsed;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && memcmp(name, names[i], length) == 0)
            return true;
    if (length < sizeof address)
        memcpy(address, name, length); /* and its NUL is there */
    return inet_pton(AF_INET, address, &parsed) == 1 &&
           ntohl(parsed.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool fl_loopback_has_all(const char *hosts)
{
    for (const char *at = hosts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t end = *at == '[' ? strcspn(at, "],") : 0;
        if (!fl_loopback_has(at, end + strcspn(at + end, ":,")))
            return false;
    }
    return true;
}
