/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Each file number that has been waited for has a watch, found by the number. The watches are in
 * chunks, each twice as long as the one before. They are never freed: an event of a file that is
 * closed here but open elsewhere (in a child, by a duplicate) may come at any time, and finds a
 * watch with another tag.
 *
 * All waiters share epoll's one registration of the file, for one event at a time (EPOLLONESHOT). A
 * new waiter adds the events that it wants. An event goes to all waiters that want it; the events
 * that the others want are requested again.
 *
 * Edges:
 *   AddChunk: CAS of chunk, release                 -> ReadChunk: load chunk, acquire; its
 *                                                      watches are zero, or as left */
#include <runtime/sync/wait_fd.h>

#include <filch/blocking.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/timer_thread.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct watch {
    filch_u32 lock;        /* of what follows */
    uint32_t tag;          /* changes with the file that the number stands for */
    uint32_t asked;        /* events requested from epoll and not yet reported */
    filch_waiters waiters; /* a node's data: the events it wants */
} watch;

enum {
    FIRST_BITS = 6, /* the first chunk has 64 watches, */
    CHUNKS = 26,    /* the last 2^31 */
    ASKABLE = POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLERR | POLLHUP,
    UNASKED = POLLERR | POLLHUP
};
FILCH_STATIC_ASSERT(POLLIN == EPOLLIN && POLLPRI == EPOLLPRI && POLLOUT == EPOLLOUT &&
                        POLLERR == EPOLLERR && POLLHUP == EPOLLHUP && POLLRDHUP == EPOLLRDHUP,
                    "poll and epoll speak of the same events");

static filch_ptr chunks[CHUNKS];

/* ---- Finding a watch ---- */

static unsigned length_of(unsigned chunk)
{
    return 1u << (FIRST_BITS + chunk);
}

/* Chunk k begins at 64 * (2^k - 1). */
static unsigned chunk_of(unsigned fd, unsigned *index)
{
    unsigned chunk = 31 - (unsigned)__builtin_clz((fd >> FIRST_BITS) + 1);
    *index = fd - (length_of(chunk) - length_of(0));
    return chunk;
}

static watch *find(int fd)
{
    unsigned index;
    watch *first =
        filch_ptr_load(&chunks[chunk_of((unsigned)fd, &index)], FILCH_ACQUIRE); /* ReadChunk */
    return first ? first + index : NULL;
}

/* NULL: no memory. */
static watch *find_or_make(int fd)
{
    unsigned index, chunk = chunk_of((unsigned)fd, &index);
    void *before = NULL;
    if (!find(fd)) {
        void *fresh = calloc(length_of(chunk), sizeof(watch));
        if (fresh && !filch_ptr_cas(&chunks[chunk], &before, fresh, FILCH_RELEASE)) /* AddChunk */
            free(fresh);
    }
    return find(fd);
}

/* ---- Asking, and being told; with its lock ---- */

/* The file may have been closed since the last time, which epoll learns by itself. */
static int ask(watch *of, int fd, uint32_t events)
{
    uint32_t all = of->asked | events;
    int rc = fl_timer_thread_watch(EPOLL_CTL_MOD, fd, all | EPOLLONESHOT, of->tag);
    if (rc == -ENOENT)
        rc = fl_timer_thread_watch(EPOLL_CTL_ADD, fd, all | EPOLLONESHOT, ++of->tag);
    if (!rc)
        of->asked = all;
    return rc;
}

static uint32_t wanted(const fl_node *node)
{
    return (uint32_t)(uintptr_t)node->data | UNASKED;
}

/* Moves the waiters for one of these events from `queue` to `told`; returns the events that the
 * others want. */
static uint32_t claim(filch_waiters *queue, uint32_t events, filch_waiters *told)
{
    uint32_t rest = 0;
    for (fl_node *node = queue->first, *next; node; node = next) {
        next = node->next;
        if (!(events & wanted(node)))
            rest |= wanted(node);
        else if (fl_waiter_claim(node->waiter)) {
            fl_waiters_remove(queue, node);
            fl_waiters_add(told, node);
        }
    }
    return rest;
}

void fl_watch_happened(int fd, uint32_t tag, uint32_t events)
{
    watch *of = find(fd);
    filch_waiters told = {0};
    fl_lock(&of->lock);
    if (of->tag != tag) { /* of a file that once had this number */
        fl_unlock(&of->lock);
        return;
    }
    of->asked = 0;
    uint32_t rest = claim(&of->waiters, events, &told);
    int rc = rest ? ask(of, fd, rest) : 0;
    if (rc)
        fl_tell_all(&of->lock, &of->waiters, rc);
    else
        fl_unlock(&of->lock);
    for (fl_node *node = told.first, *next; node; node = next) {
        next = node->next; /* before it is told */
        fl_waiter_tell(node->waiter, node, (int)(events & wanted(node)));
    }
}

void fl_watch_forget(void)
{
    for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
        void *first = filch_ptr_load(&chunks[chunk], FILCH_ACQUIRE); /* ReadChunk */
        if (first)
            memset(first, 0, length_of(chunk) * sizeof(watch));
    }
}

/* ---- For users ---- */

static int refuse(int fd, int error)
{
    return fl_fail(error, "cannot wait for file %d: %s; %s", fd, strerror(error),
                   error == EBADF   ? "is it open?"
                   : error == EPERM ? "only sockets, pipes and devices can be waited for"
                                    : "close some files, or free some memory");
}

/* The events it is ready for now; negative errno. */
static int look(int fd, int events)
{
    struct pollfd one = {.fd = fd, .events = (short)events};
    int count = fd < 0 ? 0 : poll(&one, 1, 0);
    if (fd < 0 || (count > 0 && one.revents & POLLNVAL))
        return refuse(fd, EBADF);
    return count > 0 ? one.revents : 0;
}

/* Requests these events; *of is the file's watch, locked. */
static int ask_for(watch **of, int fd, int events)
{
    int rc = fl_timer_thread_start();
    if (rc)
        return rc;
    *of = find_or_make(fd);
    if (!*of)
        return refuse(fd, ENOMEM);
    fl_lock(&(*of)->lock);
    rc = ask(*of, fd, (uint32_t)events);
    if (rc)
        fl_unlock(&(*of)->lock);
    return rc ? refuse(fd, -rc) : 0;
}

static int wait_for(const char *call, int fd, int events, int64_t until)
{
    watch *of;
    int rc = ask_for(&of, fd, events);
    if (rc)
        return rc;
    fl_outside_expected(1);
    fl_waits_in(call, NULL);
    rc = fl_wait_cancellable(&of->lock, &of->waiters, (void *)(uintptr_t)events, until);
    fl_outside_expected(-1);
    return rc == -EBADF ? refuse(fd, EBADF) : rc;
}

int fl_watch_start(fl_node *node, int fd, int events)
{
    watch *of;
    int rc = ask_for(&of, fd, events);
    if (rc)
        return rc;
    node->data = (void *)(uintptr_t)events;
    fl_waiters_add(&of->waiters, node);
    fl_unlock(&of->lock);
    return 0;
}

int fl_wait_fd(const char *call, int fd, int events, int64_t until)
{
    if (until < 0)
        return fl_fail(EINVAL, "%s until %lld ns; give a time from filch_in(), FILCH_FOREVER, or 0",
                       call, (long long)until);
    int ready = look(fd, events);
    if (ready || !until)
        return ready ? ready : fl_too_late();
    int rc = fl_virtual_refuse(call);
    return rc ? rc : wait_for(call, fd, events, until);
}

int filch_wait_fd(int fd, int events, int64_t until)
{
    if (!events || events & ~ASKABLE)
        return fl_fail(EINVAL,
                       "filch_wait_fd for events 0x%x; give it POLLIN, POLLOUT, POLLPRI or "
                       "POLLRDHUP",
                       (unsigned)events);
    return fl_wait_fd("filch_wait_fd", fd, events, until);
}

/* The lock keeps the number from standing for another file until all waiters have been told. A
 * thread that has looked at the file and is about to wait for the first time finds the same watch.
 * The work of closing a file is not done under the lock, but by closing the duplicate. */
static int close_watched(int fd)
{
    if (fcntl(fd, F_GETFD) < 0)
        return refuse(fd, errno);
    watch *of = find_or_make(fd);
    if (!of) /* nor is there memory for another waiter */
        return close(fd) ? refuse(fd, errno) : 0;
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    fl_lock(&of->lock);
    fl_timer_thread_watch(EPOLL_CTL_DEL, fd, 0, 0);
    of->tag++;
    of->asked = 0;
    int rc = close(fd) ? refuse(fd, errno) : 0;
    fl_tell_all(&of->lock, &of->waiters, -EBADF);
    if (duplicate >= 0)
        close(duplicate);
    return rc;
}

int filch_fd_close(int fd)
{
    int was = fl_cancel_hold();
    int rc = close_watched(fd);
    fl_cancel_release(was);
    return rc;
}

/* ---- Input and output ---- */

/* System calls that are tried again when their file is ready. Each stands in a function of its own,
 * out of line, with its look at errno: compilers keep the address of errno, and after a wait the
 * task may be on another thread. */

/* Returns what the call does, or a negative errno. */
typedef ssize_t attempt(int fd, void *data, size_t size);

static ssize_t result(ssize_t rc)
{
    return rc < 0 ? -errno : rc;
}

__attribute__((noinline)) static ssize_t try_read(int fd, void *data, size_t size)
{
    return result(read(fd, data, size));
}

__attribute__((noinline)) static ssize_t try_write(int fd, void *data, size_t size)
{
    return result(write(fd, data, size));
}

__attribute__((noinline)) static ssize_t try_accept(int fd, void *data, size_t size)
{
    (void)data, (void)size;
    return result(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

/* One call: how it tries, the events it waits for, and its name, for reports. */
typedef struct operation {
    const char *call;
    attempt *once;
    int events;
} operation;

static ssize_t repeat(const operation *what, int fd, void *data, size_t size, int64_t until)
{
    for (;;) {
        ssize_t rc = what->once(fd, data, size);
        if (rc == -EAGAIN) {
            int ready = fl_wait_fd(what->call, fd, what->events, until);
            if (ready < 0)
                return ready;
        } else if (rc < 0 && rc != -EINTR) {
            return fl_fail((int)-rc, "file %d: %s; see read(2), write(2) or accept(2)", fd,
                           strerror((int)-rc));
        } else if (rc >= 0) {
            return rc;
        }
    }
}

ssize_t filch_read(int fd, void *data, size_t size, int64_t until)
{
    static const operation what = {"filch_read", try_read, POLLIN};
    return repeat(&what, fd, data, size, until);
}

ssize_t filch_write(int fd, const void *data, size_t size, int64_t until)
{
    static const operation what = {"filch_write", try_write, POLLOUT};
    return repeat(&what, fd, (void *)(uintptr_t)data, size, until);
}

int filch_accept(int fd, int64_t until)
{
    static const operation what = {"filch_accept", try_accept, POLLIN};
    return (int)repeat(&what, fd, NULL, 0, until);
}
