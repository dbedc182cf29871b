/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/work_chain.h>

#include <stdlib.h>

bool fl_chain_grow(fl_chain *c)
{
    uint32_t room = c->room ? 2 * c->room : 64;
    fl_mark *more = realloc(c->mark, room * sizeof *more);
    if (!more)
        return false;
    c->mark = more;
    c->room = room;
    return true;
}
