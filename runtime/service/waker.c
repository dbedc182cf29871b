/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/waker.h>

#include <errno.h>
#include <filch/wait.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int fl_waker_init(fl_waker *waker)
{
    waker->asleep = false;
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? -errno : 0;
}

void fl_waker_end(fl_waker *waker)
{
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

void fl_waker_write(fl_waker *waker)
{
    uint64_t one = 1;
    ssize_t written;
    do /* it fails otherwise only when a write is already there to be read */
        written = write(waker->fd, &one, sizeof one);
    while (written < 0 && errno == EINTR);
}

void fl_waker_clear(fl_waker *waker)
{
    uint64_t writes;
    (void)!read(waker->fd, &writes, sizeof writes); /* one that is left ends the next sleep */
}

void fl_waker_sleep(fl_waker *waker, struct pollfd *fds, unsigned count, int64_t until)
{
    struct timespec span, *limit = NULL;
    if (until != FILCH_FOREVER) {
        int64_t left = until - filch_now();
        left = left < 0 ? 0 : left;
        span = (struct timespec){left / FILCH_SECOND, left % FILCH_SECOND};
        limit = &span;
    }
    fds[0] = (struct pollfd){.fd = waker->fd, .events = POLLIN};
    if (ppoll(fds, count + 1, limit, NULL) < 0) /* a signal: no descriptor was looked at */
        for (unsigned i = 0; i <= count; i++)
            fds[i].revents = 0;
    if (fds[0].revents)
        fl_waker_clear(waker);
}
