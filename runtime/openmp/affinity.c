/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Thread affinity: the place of each thread of a team, and its binding. */
#include <runtime/openmp/affinity.h>

#include <runtime/openmp/openmp.h>

/* The spot of the calling thread, in that team. */
static __thread struct {
    const fl_omp_team *team;
    fl_omp_spot spot;
    unsigned bound; /* 1 + the place that its affinity mask is set to; 0: none */
} here FL_OMP_TLS;

/* Divides `total` things into `parts` nearly equal runs, the longer ones first. The run of that
 * number begins at *first; its length is returned. */
static unsigned run_of(unsigned total, unsigned parts, unsigned number, unsigned *first)
{
    const unsigned each = total / parts, longer = total % parts;
    *first = number * each + (number < longer ? number : longer);
    return each + (number < longer);
}

/* The run in which that thing is. */
static unsigned run_with(unsigned total, unsigned parts, unsigned thing)
{
    const unsigned each = total / parts, longer = total % parts;
    if (thing < longer * (each + 1))
        return thing / (each + 1);
    return longer + (thing - longer * (each + 1)) / each;
}

/* Neighbours in number are on neighbouring places; those of one place are neighbours in number. */
static unsigned close_place(const fl_omp_spot *from, unsigned number, unsigned size)
{
    const unsigned after = size <= from->count ? number : run_with(size, from->count, number);
    return from->first + (from->place - from->first + after) % from->count;
}

/* As far apart as possible: each thread has its own run of the places. Thread 0 stays at its
 * place. */
static fl_omp_spot spread_spot(const fl_omp_spot *from, unsigned number, unsigned size)
{
    unsigned first;
    const unsigned mine = run_with(from->count, size, from->place - from->first);
    const unsigned count = run_of(from->count, size, (mine + number) % size, &first);
    first += from->first;
    return (fl_omp_spot){number ? first : from->place, first, count};
}

/* A thread of a team whose thread 0 is at `from`. */
static fl_omp_spot spot_in_team(const fl_omp_spot *from, unsigned number, unsigned size, int bind)
{
    fl_omp_spot spot = *from;
    if (bind == FL_OMP_BIND_SPREAD && size <= from->count)
        return spread_spot(from, number, size);
    if (bind != FL_OMP_BIND_FALSE && bind != FL_OMP_BIND_PRIMARY)
        spot.place = close_place(from, number, size);
    if (bind == FL_OMP_BIND_SPREAD)
        spot.first = spot.place, spot.count = 1;
    return spot;
}

static int bind_of_level(unsigned level)
{
    const fl_omp_global *all = &fl_omp_globals;
    if (!all->bind_listed)
        return fl_omp_initial_icv.bind;
    return (int)all->bind_list[level <= all->bind_listed ? level - 1 : all->bind_listed - 1];
}

/* Of a thread of that team, if no clause changes the bindings of the environment. */
static fl_omp_spot spot_of(const fl_omp_team *team, unsigned number)
{
    if (!team->outer)
        return (fl_omp_spot){0, 0, fl_omp_places_count()};
    fl_omp_spot outer = spot_of(team->outer, team->outer_number);
    return spot_in_team(&outer, number, team->size, bind_of_level(team->level));
}

/* A system call only if it changes something. */
static void go_to(unsigned place)
{
    if (here.bound != place + 1)
        fl_affinity_go(fl_omp_place(place));
    here.bound = place + 1;
}

void fl_omp_bind_initial(void)
{
    if (fl_omp_places_count())
        go_to(0);
}

static void bind_now(const fl_omp_team *team, unsigned number, unsigned size, int bind)
{
    if (!fl_omp_places_count() || !team->outer || bind == FL_OMP_BIND_FALSE)
        return;
    fl_omp_spot outer = spot_of(team->outer, team->outer_number);
    here.team = team;
    here.spot = spot_in_team(&outer, number, size, bind);
    go_to(here.spot.place);
}

/* A line when the thread is in another place of a team than before. */
static void show_once(const fl_omp_team *team, unsigned number, unsigned size)
{
    static __thread struct {
        unsigned level, number, size;
    } shown FL_OMP_TLS;
    if (shown.level == team->level && shown.number == number && shown.size == size)
        return;
    shown.level = team->level;
    shown.number = number;
    shown.size = size;
    fl_omp_affinity_show(NULL);
}

void fl_omp_bind_member(unsigned number, unsigned size, int bind)
{
    const fl_omp_team *team = fl_omp_here()->team;
    bind_now(team, number, size, bind);
    if (FILCH_UNLIKELY(fl_omp_globals.display_affinity))
        show_once(team, number, size);
}

bool fl_omp_spot_here(fl_omp_spot *spot)
{
    const fl_omp_thread *thread = fl_omp_here();
    if (!fl_omp_places_count())
        return false;
    *spot = here.team == thread->team ? here.spot : spot_of(thread->team, thread->number);
    return true;
}
