/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FL_READER_LEFT_H
#define FL_READER_LEFT_H

#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

/* Is standard output a pipe or socket that its readers have closed, as `head` does? Text that could not
 * be written is then no fault. stdio may have met that long ago, so errno does not show it. */
static inline bool fl_reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP);
}

#endif
