/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

enum { PROXY_PAIRS = 64, PROXY_CLIENT = 0, PROXY_SERVER = 1 };

typedef struct proxy_state {
    int listener;
    int target;
    unsigned count;
    int pairs[PROXY_PAIRS][2];
} proxy_state;

/* ---- In its process ---- */

static void proxy_accept(proxy_state *all)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)all->target),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = accept(all->listener, NULL, NULL);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client >= 0 && server >= 0 && all->count < PROXY_PAIRS &&
        connect(server, (struct sockaddr *)&to, sizeof to) == 0) {
        const int at_once = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        all->pairs[all->count][PROXY_CLIENT] = client;
        all->pairs[all->count++][PROXY_SERVER] = server;
        return;
    }
    close(client);
    close(server);
}

static void proxy_close(proxy_state *all, unsigned pair, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};
    for (unsigned side = 0; side < 2; side++) {
        if (reset)
            setsockopt(all->pairs[pair][side], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(all->pairs[pair][side]);
    }
    all->count--;
    memcpy(all->pairs[pair], all->pairs[all->count], sizeof all->pairs[pair]);
}

/* Forwards pieces of this size; returns false at the end of the stream. */
static bool proxy_forward(int from, int to, size_t most)
{
    char piece[16384];
    ssize_t size = read(from, piece, sizeof piece);
    for (ssize_t sent = 0; sent < size;) {
        size_t left = (size_t)(size - sent);
        ssize_t now = send(to, piece + sent, left < most ? left : most, MSG_NOSIGNAL);
        if (now <= 0)
            return false;
        sent += now;
    }
    return size > 0;
}

/* Waits for bytes or 5 ms, and forwards them. */
static void proxy_turn(proxy_state *all, proxy_mode mode)
{
    enum { TURN = 5, DELAY = 2000 };
    struct pollfd fds[1 + 2 * PROXY_PAIRS] = {{.fd = all->listener, .events = POLLIN}};
    unsigned count = mode == PROXY_STALLS ? 0 : all->count;
    for (unsigned i = 0; i < 2 * count; i++)
        fds[1 + i] = (struct pollfd){.fd = all->pairs[i / 2][i % 2], .events = POLLIN};
    if (poll(fds, 1 + 2 * count, TURN) <= 0)
        return;
    for (unsigned i = count; i-- > 0;) { /* from the last: closing moves the last one */
        for (unsigned side = 0; side < 2; side++) {
            if (!fds[1 + 2 * i + side].revents)
                continue;
            if (mode == PROXY_DELAYS)
                usleep(DELAY);
            if (!proxy_forward(all->pairs[i][side], all->pairs[i][!side],
                               mode == PROXY_TRICKLES ? 1 : SIZE_MAX)) {
                proxy_close(all, i, false);
                break;
            }
        }
    }
    if (fds[0].revents)
        proxy_accept(all);
}

static void proxy_serve(proxy_state *all, filch_u32 *mode)
{
    for (;;) {
        proxy_mode now = (proxy_mode)filch_u32_load(mode, FILCH_ACQUIRE);
        if (now == PROXY_RESETS)
            while (all->count)
                proxy_close(all, all->count - 1, true);
        if (now == PROXY_HALF_CLOSES)
            for (unsigned i = 0; i < all->count; i++)
                shutdown(all->pairs[i][PROXY_CLIENT], SHUT_WR);
        if (now == PROXY_RESETS || now == PROXY_HALF_CLOSES)
            filch_u32_store(mode, PROXY_PASSES, FILCH_RELEASE);
        proxy_turn(all, now);
    }
}

/* ---- In the test ---- */

proxy proxy_start(int target)
{
    proxy p;
    proxy_state all = {.target = target};
    all.listener = port_listen(PROXY_PAIRS, &p.port);
    p.mode = mmap(NULL, sizeof *p.mode, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)p.mode, MAP_FAILED);
    pid_t parent = getpid();
    p.pid = fork();
    cr_assert_geq(p.pid, 0);
    if (p.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            proxy_serve(&all, p.mode);
        _exit(1);
    }
    close(all.listener);
    return p;
}

void proxy_set(const proxy *p, proxy_mode mode)
{
    filch_u32_store(p->mode, mode, FILCH_RELEASE);
    if (mode == PROXY_RESETS || mode == PROXY_HALF_CLOSES)
        WAIT_WHILE(filch_u32_load(p->mode, FILCH_ACQUIRE) == (uint32_t)mode);
}

void proxy_end(proxy *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap(p->mode, sizeof *p->mode);
}
