/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool's numbers in its runtime's statistics page (runtime/engine/share.h). */
#ifndef FL_POOL_SHARE_H
#define FL_POOL_SHARE_H

#include <filch/pool.h>

/* At the end of its creation; fl_share_leave ends it. */
void fl_pool_share(filch_pool *pool);

#endif
