/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Hot teams are made and dissolved. The edges are those of runtime/openmp/team.h. */
#include <runtime/openmp/memory.h>
#include <runtime/openmp/parse.h>
#include <runtime/openmp/team.h>

#include <runtime/engine/guest.h>
#include <runtime/engine/park.h>
#include <runtime/platform/futex.h>

#include <stdlib.h>
#include <string.h>

/* A seat cannot suspend. Joins help with their own task, as tied tasks demand, unless FILCH_WAIT asks for more. */
static fl_runtime *make_runtime(unsigned size)
{
    const char *asked = secure_getenv("FILCH_WAIT");
    const bool helps = !asked || strcmp(asked, "suspend") == 0;
    const filch_config config = {.workers = size,
                                 .bind = "none",
                                 .wait = helps ? "help-own" : NULL};
    fl_runtime *rt = NULL;
    if (fl_seats_create(&rt, &config)) {
        fl_omp_complain("A team of %u threads failed: %s", size, filch_error());
        exit(1);
    }
    return rt;
}

static void destroy(fl_omp_hot *hot)
{
    fl_omp_shares_clear(&hot->team.shares);
    fl_seats_destroy(hot->rt);
    free(hot->members);
    free(hot);
}

static fl_omp_hot *allocate(unsigned size)
{
    const size_t bytes = (sizeof(fl_omp_hot) + FILCH_APART - 1) / FILCH_APART * FILCH_APART;
    fl_omp_hot *hot = aligned_alloc(FILCH_APART, bytes);
    if (!hot)
        fl_omp_out_of_memory(bytes);
    memset(hot, 0, bytes);
    hot->size = hot->team.size = size;
    hot->team.state = hot;
    hot->team.icv = &hot->icv;
    hot->members = fl_omp_allocate(size * sizeof *hot->members);
    if (fl_omp_shares_init(&hot->team.shares, size))
        fl_omp_out_of_memory(sizeof hot->team.shares);
    hot->rt = make_runtime(size);
    hot->rt->join_yields = fl_omp_globals.passive ? 0 : FL_OMP_YIELDS;
    for (unsigned i = 0; i < size; i++)
        hot->members[i] = (fl_omp_member){.hot = hot, .number = i};
    return hot;
}

/* Threads 1 to `members` leave. */
static void dismiss(fl_omp_hot *hot, unsigned members)
{
    hot->fn = NULL;
    fl_omp_publish(hot, &hot->go);
    for (uint32_t left; (left = filch_u32_load(&hot->left, FILCH_ACQUIRE)) < members;) /* M9 */
        fl_futex_wait_until(&hot->left, left, 0);
}

/* Without threads or memory the process ends, as with gcc's library: a smaller team would hide the reason. */
static fl_omp_hot *make(unsigned size)
{
    fl_omp_hot *hot = allocate(size);
    fl_worker *before = fl_worker_here();
    if (fl_seat_take(hot->rt, 0, &hot->members[0].seat))
        fl_omp_out_of_memory(sizeof(fl_fiber));
    fl_worker_set_here(before);
    for (unsigned i = 1; i < size; i++)
        fl_omp_enlist(&hot->members[i]);
    return hot;
}

fl_omp_hot *fl_omp_hot_of(fl_omp_hot **led, unsigned size, unsigned limit, filch_u32 *serving)
{
    const unsigned others = fl_omp_reserve(serving, size - 1, limit);
    if (!*led || (*led)->size != others + 1) {
        fl_omp_dissolve(led);
        *led = others ? make(others + 1) : NULL;
    }
    if (*led)
        (*led)->team.serving = serving;
    return *led;
}

void fl_omp_dissolve(fl_omp_hot **led)
{
    fl_omp_hot *hot = *led;
    if (!hot)
        return;
    fl_worker *before = fl_worker_here();
    fl_omp_dissolve(&hot->members[0].led);
    dismiss(hot, hot->size - 1);
    fl_seat_leave(&hot->members[0].seat);
    fl_worker_set_here(before);
    destroy(hot);
    *led = NULL;
}
