/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/scope_open.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>

#include <errno.h>

/* Addresses, which are only compared: a thread may have left a frame without the close. Further scopes are not
 * noted. */
enum { NOTED = 32 };
static __thread const filch_scope *opened_here[NOTED];

static bool is_cleanup_here(const filch_scope *scope)
{
    const fl_fiber *here = fl_fiber_here();
    const filch_defer *one = here ? here->defers : NULL;
    while (one && one != &scope->defer)
        one = one->next;
    return one;
}

/* NULL: a free place. */
static const filch_scope **find(const filch_scope *scope)
{
    for (unsigned i = 0; i < NOTED; i++)
        if (opened_here[i] == scope)
            return &opened_here[i];
    return NULL;
}

int fl_scope_refuse_open(const filch_scope *scope)
{
    return is_cleanup_here(scope) || find(scope)
               ? fl_fail(EBUSY, "filch_scope_begin: this scope has already begun; end it first, or "
                                "begin another")
               : 0;
}

void fl_scope_opened(const filch_scope *scope)
{
    const filch_scope **place = scope->defer.self ? NULL : find(NULL);
    if (place)
        *place = scope;
}

void fl_scope_closed(const filch_scope *scope)
{
    const filch_scope **place = find(scope);
    if (place)
        *place = NULL;
}

void fl_scope_says(const filch_failure *failure)
{
    filch_error_set(failure->code, "%s", failure->message);
}
