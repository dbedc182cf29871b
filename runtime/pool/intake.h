/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The intake: a list in which jobs are accepted without the pool's lock. They are the jobs that
 * need nothing else before they are accepted: plain ones, those with a handle, `done` or `drop`,
 * and those whose deadline is at least a second away. A nearer deadline needs an alarm at once, a
 * key its place in the tree, a results list room, and a context a watch. These may be refused, so
 * such jobs take the lock.
 *
 * A runner takes the lock once for each job. If each submission took it as well, both sides would
 * spend more time on the lock than on the jobs. Most submissions need nothing from it: a runner is
 * on its way or all are busy, there is room, and the job only has to stand behind the others. So a
 * thread that leaves the lock grants some credits, one for each job for which there is room, and a
 * submission spends one and pushes its job with a single CAS. The next thread that needs the whole
 * queue takes the list out and appends it.
 *
 *   word          means
 *   0             closed: submissions take the lock
 *   credits << 48 | first job of the list, newest first, or 0
 *                 open: credits > 0 accept a job; with 0 credits submissions take the lock
 *
 *   a submission, no lock          under the pool's lock
 *   reads the word; no credit:     fl_intake_close: exchanges the word for 0, appends the list to
 *     takes the lock                 the queue, oldest first, with ids and counts
 *   links its job to the first     fl_intake_open, before the lock is released: stores credits, if
 *   CAS: one credit less, its        the word is 0 and the rule below allows it
 *     job the first (the job is    fl_intake_collect: by a CAS takes the list out, appends it as
 *     accepted; last touch of        above, and leaves the credits: the intake remains open
 *     the pool)
 *
 * The rule: the intake is open only while
 *   - a runner will come for the jobs, so that a submission would not start another: one has been
 *     started and has not looked for a job yet, or as many are active as there may be. A runner
 *     closes the intake when it looks for the first time, and before it becomes idle;
 *   - there is room: credits <= capacity - fl_pool_queued(pool), and nothing but the lock's holder
 *     adds to that number, with the intake closed;
 *   - no submitter waits for room: later submissions must not overtake it;
 *   - the pool is not closed;
 *   - the pool has not been notified that its context is done: a job with a handle that is accepted
 *     later has its outcome at once. The watcher closes the intake, calls off all jobs that wait,
 *     and notes that it was notified, under one lock. So a push precedes this and is found there,
 *     or it finds the intake closed;
 *   - of an elastic pool, a job waits in the queue, for which the monitor's alarm is set;
 *   - once a job of the pool had a deadline: memory for one more deadline is reserved for each
 *     credit, and an alarm is set that collects the list in half a second (see below).
 * Code that ends one of these conditions closes the intake first (fl_pool_lock). So does code that
 * looks at the waiting jobs: for it, a job that is pushed later was submitted later. A runner of a
 * pool that takes the oldest job first need not look while the queue has a job: all jobs of the
 * intake are younger. In the other orders a runner collects the list each time it takes a job, so a
 * job whose submission has returned is compared with the others. Collecting keeps every condition
 * of the rule: a job, whose credit was spent, moves from the list to the waiting jobs, and the
 * monitor's alarm stays set (it closes the intake when it rings). So submitters need the lock only
 * once in MOST jobs, although runners collect after each job. A runner that finds neither list nor
 * queue closes the intake and looks again, before it becomes idle.
 *
 * Handles: a submitter has its handle as soon as the job is pushed, so calls through it may find
 * the job in the list: NEW, without an id, and in no row. Under the lock a stage of NEW says so,
 * since only the lock's holder moves a job from the list to the queue, and a handle exists only of
 * an accepted job. A call that depends on the stage, the id or a row (filch_job_id,
 * filch_job_cancel, filch_job_set_priority, filch_job_context, which starts the job's watch)
 * therefore collects the list first (fl_pool_lock_for). It finds the job there: its caller has the
 * handle from the submitter, after the push. The other calls need no more than the outcome and the
 * waiters, which are valid in each stage: to wait, to ask for the outcome or the failure, to make a
 * future. Releasing the handle counts down, and leaves the job in the list with its function's
 * hold. Handles are counted in pool->rest.handed when the list is appended, before the job can run;
 * that count is read when the pool is destroyed, at rest, when the list is empty.
 *
 * Deadlines: a job in the list is not among the pool's dues (runtime/pool/deadlines.h). It joins
 * them before it is due: opening the intake sets an alarm that collects the list within half a
 * second, and the deadline is at least twice as far away. Only opening, under the lock, sets that
 * alarm. Closing leaves it set, so the alarm rings at most twice a second for this purpose. The
 * pool's first job with a deadline takes the lock, makes the alarm, and shows that to submitters.
 * From then on each opening sets it. Submitters that read earlier that there is none take the lock.
 * The memory for the deadlines is reserved before credits are granted, since an accepted job cannot
 * be refused. While deadlocks are reported, no job with a deadline enters, because a pending alarm
 * delays the report.
 *
 * Cache lines: the list is walked from the newest job on. Each job's line comes from another core's
 * cache, and the address of the next one is known only when the line has arrived. So a submitter
 * notes in each job which one it pushed a few jobs earlier, and the walk prefetches that line. The
 * note is only a prefetch address: it is never dereferenced, and its job may be gone.
 *
 * Life: the push is the submitter's last touch of the pool. It finds the intake open, so a runner
 * is active, and the pool is not at rest before that runner has run the job, or the job was called
 * off.
 *
 * The CAS cannot mistake one list for another (ABA): it compares the word that the job was linked
 * to. If that has been taken out in between and an equal one stands there, the link is right for it
 * as well.
 *
 * Addresses of more than 48 bits do not fit: such a job takes the lock. At most MOST credits are
 * granted, so that the list is short and the lock is held briefly when it is appended.
 *
 * Edges:
 *   PushArrival: CAS of arrivals, release           -> CollectArrivals, close: exchange of
 *                                                      arrivals, acquire; collect: CAS, acquire.
 *                                                      The job is complete. A push on top of it
 *                                                      is part of the same release sequence
 *   ShowAlarm: store deadlines.used, release         -> ReadAlarm: load deadlines.used, acquire.
 *                                                      The word that the submitter changes next
 *                                                      is not from an opening without an alarm
 * The word is opened by a relaxed store, under the lock: nothing is read by means of it.
 *
 * Rejected: a count beside the list (a runner that may become idle must first wait for submissions
 * between their two steps). A ring with tickets (the same, within the ring). Runners that take
 * several jobs at once (these jobs wait behind a long one, and neither capacity nor cancellation
 * sees them). Closing the intake at each take of a pool with priorities (submitters find it closed
 * and contend for the lock). */
#ifndef FL_INTAKE_H
#define FL_INTAKE_H

#include <filch/atomic.h>
#include <filch/pool.h>

typedef struct fl_intake {
    filch_u64 arrivals;
    bool used; /* by this pool: its jobs stand in a queue, and may need nothing else; never
                * changes */
} fl_intake;

/* No lock. true: the job, which is filled in and needs nothing else, is accepted; only its handle
 * is still the caller's. */
bool fl_intake_push(filch_pool *pool, filch_job *job);

/* ---- Under the pool's lock ---- */

/* Moves its jobs into the queue, and accepts no others without the lock. */
void fl_intake_close(filch_pool *pool);
/* Moves its jobs into the queue; it remains open. */
void fl_intake_collect(filch_pool *pool);
void fl_intake_open(filch_pool *pool);

#endif
