/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/slab.h>

#include <runtime/engine/work_item.h>
#include <runtime/platform/sanitizer.h>
#include <runtime/platform/switch_frame.h>
#include <sched/forkstack.h>

void fl_fiber_lay(fl_fiber *fiber, void (*entry)(void *))
{
    char *top = (char *)fiber->shadow.low + fiber->shadow.size;
    fl_switch_frame_make(&fiber->context, top - fiber->colour, entry, fiber);
    fiber->trimmed = false;
}

/* In zero pages. */
static void make(fl_fiber *fiber, const fl_fibers *of, void (*entry)(void *))
{
    const fl_layout *layout = &of->layout;
    fl_forkstack_init(&fiber->stack);
    fl_forkstack_issue(&fiber->stack, of->side);
    fiber->wake.kind = FL_WORK_ITEM_FIBER;
    fiber->wake.as.fiber = fiber;
    fl_shadow_create(&fiber->shadow, (char *)fiber + layout->unit - layout->stack, layout->stack);
    /* Tops of all stacks at the same distance from a page would compete for the same cache sets. */
    fiber->colour = fiber->number % 8 * 128;
    fl_fiber_lay(fiber, entry);
}

unsigned fl_slab_make(const fl_slab *slab, const fl_fibers *of, void (*entry)(void *))
{
    const fl_layout *layout = &of->layout;
    char *unit = fl_arena_unit(slab->arena, layout, slab->first);
    unsigned mapped = 0;
    unsigned marked =
        fl_guard_mark_all(unit + layout->guard_at, layout->guard, layout->unit, slab->count);
    for (unsigned i = 0; i < slab->count; i++, unit += layout->unit) {
        fl_fiber *fiber = (fl_fiber *)unit;
        fiber->arena = slab->arena;
        fiber->number = slab->number + i;
        fiber->guard =
            i < marked ? FL_GUARD_MARKED : fl_guard_install(unit + layout->guard_at, layout->guard);
        mapped += fiber->guard == FL_GUARD_MAPPED;
        make(fiber, of, entry);
    }
    return mapped;
}
