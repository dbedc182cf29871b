/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FL_TIME_SUM_H
#define FL_TIME_SUM_H

#include <filch/wait.h>

/* `ns` nanoseconds after `now`; neither is negative. At most FILCH_FOREVER. */
static inline int64_t fl_later(int64_t now, int64_t ns)
{
    return ns > FILCH_FOREVER - now ? FILCH_FOREVER : now + ns;
}

#endif
