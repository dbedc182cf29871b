/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool as the user of the objects that its configuration names (runtime/platform/users.h), from its creation to the
 * end of its destruction. A results list counts its pools itself (runtime/pool/results.h). */
#ifndef FL_POOL_USES_H
#define FL_POOL_USES_H

#include <filch/pool.h>

enum { FL_POOL_USES = 3 }; /* a limiter, a breaker, dead letters */

void fl_uses_begin(filch_pool *pool);
void fl_uses_end(filch_pool *pool);

#endif
