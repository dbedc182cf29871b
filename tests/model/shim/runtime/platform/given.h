/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In place of runtime/platform/given.h: no model gives NULL or a destroyed object, and some make their objects
 * themselves. */
#ifndef FL_GIVEN_H
#define FL_GIVEN_H

#include <errno.h>
#include <stdint.h>

enum { FL_LIVES };

static inline void fl_life_begin(uint32_t *life)
{
    (void)life;
}

static inline void fl_life_end(uint32_t *life)
{
    (void)life;
}

static inline int fl_not_given(const char *call, const char *argument)
{
    (void)call, (void)argument;
    return -EINVAL;
}

#define FL_GIVEN(argument) ((void)0)
#define FL_GIVEN_IN(call, argument) ((void)0)
#define FL_ALIVE(object) ((void)0)
#define FL_ALIVE_IN(call, object) ((void)0)
#define FL_CHECK(check) ((void)0)
#define FL_MUST_GIVE(argument) ((void)0)
#define FL_MUST_LIVE(object) ((void)0)
#define FL_MUST_LIVE_IN(call, name, object) ((void)0)
#define FL_MAY_LIVE(object) ((void)0)
#define FL_MAY_LIVE_IN(call, name, object) ((void)0)

#endif
