/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SUPPORT_FIBERS_H
#define SUPPORT_FIBERS_H

#include <stdlib.h>

/* Also in builds that have room for few; jobs that stand still need one each. */
static inline void have_fibers(void)
{
    setenv("FILCH_MAX_FIBERS", "10000", 1);
}

#endif
