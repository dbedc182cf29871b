/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Refuses at will the library's requests to the system: the n-th, or all from then on. The executable is
 * linked with the library `refusals` of tests/programs.cmake. It also counts what the library holds. */
#ifndef SUPPORT_REFUSE_H
#define SUPPORT_REFUSE_H

#include <filch/base.h>
#include <stdbool.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum refusable {
    MEMORY,
    GROWTH, /* of a block */
    SPACE,
    UNMAPPING,
    ADVICE,
    PROTECTION,
    THREADS,
    MUTEXES,
    ATTRIBUTES,
    AFFINITY,
    HANDLERS,
    KEYS,
    FILES,
    WATCHES,
    HWLOC_BEGIN,
    HWLOC,
    HWLOC_DISTANCES,
    HWLOC_BITMAPS,
    REFUSABLES
};

/* Calls until the refusal; negative: none is due. `count`: those that were refused. */
struct refusal {
    int64_t left;
    int64_t count;
    bool from_then_on;
};

extern struct refusal refusals[REFUSABLES];
extern int hwloc_error;
/* The library's holdings: blocks of the heap, bytes of address space, and CPU sets and attributes of threads, which each
 * worker's thread takes and frees by itself. */
extern int64_t blocks, mapped, cpu_sets, attribute_sets;
/* Also while other threads take some. */
int64_t blocks_now(void);
void refuse(enum refusable what, int64_t at, bool from_then_on);
/* Returns how many were refused. */
int64_t refuse_no_more(enum refusable what);
int refusal_error(enum refusable what);
/* Returns true. */
bool refusal_explained(enum refusable what, int64_t at, int64_t count, int64_t rc);
/* Refuses the first request of `call`, then the second, until it makes no more. Its rc is 0, or an error
 * with a sentence. The loop's body follows each call. */
#define REFUSE_EACH(what, call)                                                                    \
    for (int64_t at = 0, count = 1, rc = 0;                                                        \
         count && (refuse(what, at, false), rc = (call), count = refuse_no_more(what),             \
                                            refusal_explained(what, at, count, rc));               \
         at++)
/* The call asks for `what` once, unsuccessfully, and fails with `rc`; `out` stays NULL, and nothing
 * more is held. */
#define ASSERT_REFUSED(what, call, rc, out)                                                        \
    do {                                                                                           \
        int64_t held_ = blocks;                                                                    \
        refuse(what, 0, true);                                                                     \
        cr_assert_eq(call, rc);                                                                    \
        cr_assert_eq(refuse_no_more(what), 1);                                                     \
        cr_assert_null(out, "untouched");                                                          \
        cr_assert_eq(blocks, held_);                                                               \
    } while (0)
/* clang links its sanitizers with the test, and they call wrapped functions before they can be
 * called themselves. */
#ifdef __clang__
#define REFUSE_BARE __attribute__((disable_sanitizer_instrumentation))
#else
#define REFUSE_BARE
#endif

/* Counts the request. true: it is refused, with this error. */
REFUSE_BARE bool refused(enum refusable what, int error);
/* REFUSED(type, name, kind, error, otherwise, parameters, arguments): name refuses with
 * `otherwise`. */
#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    REFUSE_BARE type __wrap_##name(__VA_ARGS__)
#define REFUSED(type, name, kind, error, otherwise, parameters, arguments)                         \
    WRAPPED(type, name, REFUSE_LIST parameters)                                                    \
    {                                                                                              \
        return refused(kind, error) ? (otherwise) : __real_##name arguments;                       \
    }
#define REFUSE_LIST(...) __VA_ARGS__

/* ---- Holdings ---- */

/* Of the process before a test and after it, where something was refused in between. */

typedef struct holdings {
    int64_t blocks, mapped;
    unsigned threads, files;
} holdings;

holdings holdings_now(void);
/* `kept`: further blocks that may be there. */
void expect_held(holdings before, unsigned kept, const char *name);
/* For TestSuite: per-process state is there. */
void warm_up(void);
/* The timer thread, too. */
void warm_up_timer_thread(void);
void nothing_held(void);
/* Ends the runtime. `first`: of the process, which leaves the topology behind. */
void runtime_holds_nothing(filch_runtime *rt, bool first, int64_t before);

#endif
