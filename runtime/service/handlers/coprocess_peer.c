/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/coprocess_peer.h>

#include <runtime/service/handlers/child.h>
#include <runtime/service/handlers/coprocess_frame.h>

#include <filch/io.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096 }; /* for input, at first */

int fl_peer_start(fl_peer *peer, const char *const *words, char *const *environment, int64_t until)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return -errno;
    const filch_process_config config = {.argv = words,
                                         .environment = (const char *const *)environment,
                                         .in = ends[1],
                                         .out = ends[1]};
    filch_process *process;
    int rc = fl_child_spawn(&process, &config, until);
    close(ends[1]);
    if (rc) {
        close(ends[0]);
        return rc;
    }
    *peer = (fl_peer){.process = process, .socket = ends[0]};
    return 0;
}

/* Out of line for errno's sake (filch/io.h). */
FILCH_COLD static ssize_t send_some(int socket, const char *data, size_t size)
{
    ssize_t n = send(socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

FILCH_COLD static ssize_t receive_some(int socket, char *data, size_t size)
{
    ssize_t n = recv(socket, data, size, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

/* After a call that returned rc: 0, ready to try again. */
static int again(int socket, ssize_t rc, int event)
{
    if (rc == -EINTR)
        return 0;
    if (rc != -EAGAIN)
        return (int)rc;
    int events = filch_wait_fd(socket, event, FILCH_FOREVER);
    return events < 0 ? events : 0;
}

int fl_peer_send(fl_peer *peer, const char *data, size_t size)
{
    int rc = 0;
    for (size_t done = 0; done < size && !rc;) {
        ssize_t n = send_some(peer->socket, data + done, size - done);
        if (n < 0)
            rc = again(peer->socket, n, POLLOUT);
        else
            done += (size_t)n;
    }
    return rc;
}

/* Makes room for `size` bytes in all. */
static int make_room(fl_peer *peer, size_t size)
{
    if (size <= peer->room)
        return 0;
    char *input = realloc(peer->input, size);
    if (!input)
        return -ENOMEM;
    peer->input = input;
    peer->room = size;
    return 0;
}

/* Waits for some bytes; there is room for them. */
static int fill(fl_peer *peer)
{
    for (;;) {
        ssize_t n = receive_some(peer->socket, peer->input + peer->used, peer->room - peer->used);
        if (!n)
            return -EPIPE;
        int rc = n < 0 ? again(peer->socket, n, POLLIN) : 0;
        if (rc)
            return rc;
        if (n > 0) {
            peer->used += (size_t)n;
            return 0;
        }
    }
}

int fl_peer_receive(fl_peer *peer, size_t most, const char **json, size_t *size)
{
    for (;;) {
        int found = fl_frame_find(peer->input, peer->used, most, size);
        if (found > 0) {
            *json = peer->input + FL_FRAME_HEAD;
            return 0;
        }
        size_t needed = FL_FRAME_HEAD + *size;
        int rc = found < 0 ? found : make_room(peer, needed > ROOM ? needed : ROOM);
        if (!rc)
            rc = fill(peer);
        if (rc)
            return rc;
    }
}

void fl_peer_drop(fl_peer *peer, size_t size)
{
    size_t whole = FL_FRAME_HEAD + size;
    peer->used -= whole;
    memmove(peer->input, peer->input + whole, peer->used);
}

void fl_peer_interrupt(fl_peer *peer)
{
    shutdown(peer->socket, SHUT_RDWR);
}

size_t fl_peer_resident(const fl_peer *peer)
{
    char path[32];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)filch_process_pid(peer->process));
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

void fl_peer_end(fl_peer *peer, int64_t grace, filch_process_outcome *outcome)
{
    *outcome = (filch_process_outcome){-1, 0};
    if (!peer->process)
        return;
    fl_peer_interrupt(peer);
    fl_child_end(peer->process, grace, outcome);
    filch_process_destroy(peer->process);
    filch_fd_close(peer->socket);
    free(peer->input);
    *peer = (fl_peer){0};
}
