/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Runtimes that are shared, recorded, or have room for more workers, to which the system refuses
 * memory, address space or threads: a negative errno and a sentence, nothing left behind, and the next
 * creation works. */
#include <tests/support/refused_objects.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static int create(filch_runtime **out, filch_config config)
{
    config.size = sizeof config;
    config.workers = 1;
    return filch_runtime_create(out, &config);
}

static void end(filch_runtime *rt)
{
    cr_assert_eq(FILCH_RUN(rt, fib, 12), serial_fib(12));
    OK(filch_runtime_destroy(rt));
}

/* Seven requests of a runtime, and its publisher; its arena, and its page; its worker, and its
 * publisher. */
OBJECT(filch_runtime, shared, create(&shared, (filch_config){.share = 2}), end(shared),
       .requests = 8, .asks_on = true, .workers_ask = true)
NEEDS_SPACE(shared, 2)
NEEDS_THREADS(shared, 2)

static int create_recorded(filch_runtime **out)
{
    static char trace[192];
    if (!*trace)
        snprintf(trace, sizeof trace, "%s/run.trace,limit=1M", folder_make());
    setenv("FILCH_SPAN", "1", 1);
    return create(out, (filch_config){.share = 2, .trace = trace});
}

OBJECT(filch_runtime, recorded, create_recorded(&recorded), OK(filch_runtime_destroy(recorded)),
       .requests = 8, .asks_on = true, .workers_ask = true)
NEEDS_SPACE(recorded, 2)
NEEDS_THREADS(recorded, 2)

enum { SLOTS = 6 };

static void end_resized(filch_runtime *rt)
{
    OK(filch_runtime_resize(rt, SLOTS));
    end(rt);
}

OBJECT(filch_runtime, with_slots,
       create(&with_slots, (filch_config){.max_workers = SLOTS, .max_fibers = 100}),
       end_resized(with_slots), .requests = 7, .asks_on = true, .workers_ask = true)
