/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Hot teams: the threads of a team with more than one, kept together from one parallel region to the next.
 *
 * A thread that meets `parallel` keeps the hot team that it has used last, one for each level of nesting. The
 * members sit in the seats of the hot team's runtime (runtime/engine/guest.h); the calling thread has seat 0. A
 * region of another size dissolves the hot team, and its threads return to the pool of the process.
 *
 * A region begins when its thread 0 changes `go`, for which all members wait. Each member runs the
 * implicit task, joins its tasks, adds itself to `ended`, and waits for the next region. Waiting members
 * run the tasks of others. A task is joined by the thread that created it before that thread ends, so
 * all tasks are done when all threads have ended. The last one to end changes `finished`, for which
 * thread 0 waits. So a region costs each member one wait.
 *
 * Edges (waits are those of filch_help_until: ParkHelper, ChangeWord of runtime/engine/park.c):
 *   BeginRegion: store go, seq_cst                  -> EnterRegion, member: load go, acquire; it
 *                                                      sees the region
 *   EndMember: add to ended, acq_rel                |  EndMember of the last one: it sees all
 *                                                      that the others did
 *   EndRegion, the last: store finished, seq_cst    -> AwaitRegion, thread 0: load finished,
 *                                                      acquire; likewise
 *   ArriveAtBarrier: add to arrived, acq_rel        |  ArriveAtBarrier of the last one at the
 *                                                      barrier
 *   OpenRound, the last: store round, seq_cst       -> AwaitRound, others: load round, acquire
 * Dissolving:
 *   LeaveTeam: add to left, acq_rel                 -> AwaitTeam, thread 0: load left, acquire;
 *                                                      nobody uses the hot team
 * The pool (thread.c):
 *   AssignMember: store member, release             -> ReadMember, its thread: load member,
 *                                                      acquire */
#ifndef FL_OPENMP_TEAM_H
#define FL_OPENMP_TEAM_H

#include <runtime/engine/guest.h>
#include <runtime/openmp/openmp.h>

typedef struct fl_omp_hot fl_omp_hot;

/* A thread of a hot team. */
typedef struct fl_omp_member {
    fl_omp_hot *hot;
    unsigned number;
    fl_seat seat;
    fl_omp_hot *led; /* the hot team that it leads in regions within this one, or NULL */
} fl_omp_member;

struct fl_omp_hot {
    fl_runtime *rt;
    fl_omp_member *members;
    unsigned size;
    /* The region; written by thread 0 before BeginRegion */
    fl_omp_fn *fn; /* NULL: the hot team is dissolved */
    void *data;
    fl_omp_icv icv; /* of the implicit tasks */
    int bind;       /* omp_proc_bind_t of the region */
    bool first;     /* its first work-sharing construct is open */
    fl_omp_team team;
    char apart1[FILCH_APART];
    filch_u32 go; /* regions so far */
    char apart2[FILCH_APART];
    filch_u32 ended, finished;
    char apart3[FILCH_APART];
    filch_u32 round; /* barriers so far */
    char apart4[FILCH_APART];
    filch_u32 arrived; /* at the barrier */
    filch_u64 single;  /* singles that a thread has taken; a barrier usually follows one */
    char apart5[FILCH_APART];
    filch_u32 left; /* members that have left a dissolved hot team */
};

/* A parallel region, of its thread 0. */
typedef struct fl_omp_region {
    fl_omp_thread before; /* the thread's, at `parallel` */
    fl_omp_task task;     /* implicit */
    fl_worker *worker;    /* whose seat the thread worked in; NULL: none */
    fl_omp_hot **led;     /* that the thread led there */
    fl_omp_hot *hot;      /* NULL: its team has one thread, which is: */
    fl_omp_team team;
    fl_omp_icv icv;
    fl_omp_hot *led_within; /* that this thread leads in turn */
    struct fl_omp_region *outer;
} fl_omp_region;

/* The calling thread's place in its hot team; NULL: its team has one thread. */
static inline fl_omp_member *fl_omp_member_here(const fl_omp_thread *thread)
{
    fl_omp_hot *hot = thread->team->state;
    return hot ? &hot->members[thread->number] : NULL;
}

/* ---- barrier.c ---- */

enum { FL_OMP_YIELDS = 200000 }; /* ns that a waiting thread yields, after it has spun */

/* Waits until *word is not `value`, and runs tasks of the hot team. self: the next free slot of the task that
 * waits, which has no unjoined ones. call: for reports, a literal. */
void fl_omp_wait(const fl_omp_member *member, filch_self self, const char *call,
                 const filch_u32 *word, uint32_t value);
/* Adds one to a word that threads of the hot team wait for; only the caller changes it now. */
void fl_omp_publish(fl_omp_hot *hot, filch_u32 *word);
/* The region is cancelled: threads at a barrier go on. */
void fl_omp_barrier_open(fl_omp_team *team);

/* ---- team.c ---- */

/* A hot team of up to `size` threads whose thread 0 is the calling thread, which has taken its seat: *led, or
 * a new one in its place. limit: of threads in the contention group, of which `serving` serve in hot
 * teams. NULL: there are no further threads. */
fl_omp_hot *fl_omp_hot_of(fl_omp_hot **led, unsigned size, unsigned limit, filch_u32 *serving);
/* *led is dissolved, and its threads return to the pool. NULL: does nothing. */
void fl_omp_dissolve(fl_omp_hot **led);

/* ---- thread.c ---- */

/* Reserves up to `wanted` threads of the pool, so that a contention group has no more than `limit` with
 * its initial one; `serving` counts the others. 0 as the limit: there is none. Returns how many. */
unsigned fl_omp_reserve(filch_u32 *serving, unsigned wanted, unsigned limit);
void fl_omp_unreserve(filch_u32 *serving, unsigned threads);
/* A thread serves as that member from now on. Without threads the process ends, as with gcc's library. */
void fl_omp_enlist(fl_omp_member *member);
/* Threads that serve in no hot team end. */
void fl_omp_pool_end(void);
/* In a child of fork(). */
void fl_omp_pool_forget(void);

/* ---- team.c ---- */

/* A thread of the pool serves until its hot team is dissolved. */
void fl_omp_serve(fl_omp_member *member);

#endif
