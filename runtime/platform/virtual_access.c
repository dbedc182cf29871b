/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual.h>
#include <runtime/platform/virtual_threads.h>

#include <filch/explore.h>

void filch_explore_access(const void *address, size_t size, unsigned kind, const void *place)
{
    if (!fl_virtual())
        return;
    fl_virtual_thread *here = fl_virtual_here();
    here->access = address;
    here->access_size = size;
    here->access_kind = kind;
    here->access_place = place;
    fl_virtual_point(place);
    here->access = NULL;
}
