/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Search: a loop of the splitter whose chunks know the best hit so far. Indices behind it are
 * skipped; for any and all, which want just one hit, all indices are skipped after it. `best` only
 * falls; a late reader looks at some indices for nothing. */
#include <filch/find.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/range.h>
#include <runtime/par/split.h>
#include <runtime/platform/error.h>

typedef struct find_call {
    size_t begin, end;
    filch_find_fn *fn;
    void *context;
    bool first;     /* the smallest hit is wanted, else any */
    filch_u64 best; /* the smallest hit, or end; no index from here on matters */
} find_call;

static void lower(filch_u64 *best, uint64_t to)
{
    uint64_t was = filch_u64_load(best, FILCH_RELAXED);               /* a guess for the CAS */
    while (to < was && !filch_u64_cas(best, &was, to, FILCH_RELAXED)) /* joins order the rest */
        ;
}

static int chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    (void)sum;
    find_call *call = context;
    size_t best = filch_u64_load(&call->best, FILCH_RELAXED); /* late: some useless looks */
    size_t last = end < best ? end : best;
    size_t where = last;
    if (begin >= last)
        return 0;
    int code = call->fn(self, begin, last, &where, call->context);
    if (!code && where < last)
        lower(&call->best, call->first ? where : call->begin);
    return code;
}

FILCH_TASK(int, search, (find_call *, call))
{
    fl_loop loop = {.chunk = chunk, .context = call};
    return fl_loop_run(self, &loop, call->begin, call->end, NULL);
}

/* From a task; or from another thread, with rt. */
static int begin_search(const char *who, filch_self self, filch_runtime *rt, find_call *call)
{
    int rc = fl_range_refuse(who, call->begin, call->end);
    if (rc)
        return rc;
    if (!call->fn)
        return fl_fail(EINVAL, "%s without a predicate; pass one", who);
    return fl_enter(who, self, rt, &search_task, call);
}

static size_t hit(const find_call *call)
{
    return filch_u64_load(&call->best, FILCH_RELAXED); /* after all joins */
}

static int find_first(filch_self self, filch_runtime *rt, find_call *call, size_t *where)
{
    if (!where)
        return fl_fail(EINVAL, "filch_find with no address for the index; use filch_any if it does "
                               "not matter");
    int rc = begin_search("filch_find", self, rt, call);
    if (rc)
        return rc;
    if (hit(call) == call->end)
        return fl_fail(ENOENT, "filch_find: no index in [%zu, %zu) matches", call->begin,
                       call->end);
    *where = hit(call);
    return 0;
}

static int find_any(const char *who, filch_self self, filch_runtime *rt, find_call *call,
                    bool wanted)
{
    int rc = begin_search(who, self, rt, call);
    return rc ? rc : (hit(call) < call->end) == wanted;
}

int filch_find(filch_self self, size_t begin, size_t end, size_t *where, filch_find_fn *fn,
               void *context)
{
    find_call call = {begin, end, fn, context, true, {end}};
    return find_first(self, NULL, &call, where);
}

int fl_run_find(filch_runtime *rt, size_t begin, size_t end, size_t *where, filch_find_fn *fn,
                void *context)
{
    find_call call = {begin, end, fn, context, true, {end}};
    return find_first(NULL, rt, &call, where);
}

int filch_any(filch_self self, size_t begin, size_t end, filch_find_fn *fn, void *context)
{
    find_call call = {begin, end, fn, context, false, {end}};
    return find_any("filch_any", self, NULL, &call, true);
}

int fl_run_any(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn, void *context)
{
    find_call call = {begin, end, fn, context, false, {end}};
    return find_any("filch_any", NULL, rt, &call, true);
}

int filch_all(filch_self self, size_t begin, size_t end, filch_find_fn *fn, void *context)
{
    find_call call = {begin, end, fn, context, false, {end}};
    return find_any("filch_all", self, NULL, &call, false);
}

int fl_run_all(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn, void *context)
{
    find_call call = {begin, end, fn, context, false, {end}};
    return find_any("filch_all", NULL, rt, &call, false);
}
