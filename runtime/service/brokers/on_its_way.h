/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests that wait at a server until there are messages: how long an answer may be on its way. */
#ifndef FL_ON_ITS_WAY_H
#define FL_ON_ITS_WAY_H

#include <filch/wait.h>

#include <stdbool.h>

#define FL_ON_ITS_WAY (500 * FILCH_MILLISECOND)

/* May the answer to a request of the instant `asked` (filch_now) still bring a message that was ready at
 * `since`? Both have to be past for that long. */
static inline bool fl_is_on_its_way(int64_t asked, int64_t since)
{
    return filch_now() < (asked > since ? asked : since) + FL_ON_ITS_WAY;
}

#endif
