/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: first
 *
 * The idle protocol (docs/internals/idle.md): is every task found by a worker that has nothing to do? Real:
 * sched/{idle,forkstack,deque}, runtime/engine/{park,inbox,steal}, fl_arrive of suspend, and the
 * publishers of runtime/queue/chase_lev and its relatives. Played: the workers.
 *
 * The producer is worker 0, or a thread from outside. It follows a script. F forks, P pushes to its
 * ready deque, I submits to the inbox; p and i do the same with two items by one call. S switches to its second
 * fiber after a flush. J joins the last fork, and ends if a searcher has it; R retires: its slot is
 * no longer active. T takes two items from the inbox, A two of three from the deque of a worker
 * that computes; it runs the first. These lie there from the beginning. B takes the place of a
 * sleeper as a guest does, if there is one, and E returns it. W changes the word for which searcher 1
 * helps (`helps`), and K makes the fiber ready that stays with it (`homes`). B It runs nothing else, so
 * only the protocol can bring a task to somebody. A searcher looks everywhere until it has a task,
 * or sleeps; with a task it leaves for good.
 *
 * Claim: in the end as many searchers as there are tasks have one, and nobody sleeps while a task
 * is available. A searcher that finds something while another sleeps looks for more without a heavy
 * fence (EndSearch), and may miss forks whose stores are on their way. So where a script forks
 * during such a look (`escapes`), a task may stay. It is then on the running fiber, whose limit is
 * NULL: the owner's next fork goes out of line and wakes somebody. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/park.h>
#include <runtime/engine/steal.h>
#include <runtime/engine/suspend.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/futex.h>
#include <runtime/platform/lock.h>
#include <runtime/queue/queues.h>
#include <sched/abp.h>
#include <sched/request.h>
#include <tests/model/idle.h>
#include <tests/model/system/forked.h>
#include <tests/model/system/statistics.h>
#include <tests/model/system/system.h>

#include <string.h>

enum { WORKERS = 4, ITEMS = 4, PRODUCER = 0, PATIENCE = 4 };

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[2] __attribute__((aligned(FILCH_REGION_SIZE)));
static fl_worker worker[WORKERS], *workers[WORKERS];
static filch_runtime rt;
static fl_work_item job[TASKS];
static union items {
    fl_buffer buffer;
    char bytes[sizeof(fl_buffer) + ITEMS * sizeof(filch_ptr)];
} ready, long_one;
static fl_abp deques[WORKERS];

static struct shape shape;
static unsigned joined, found;
static filch_u32 word;         /* W changes it, */
static bool over;              /* and searcher 1 has seen it, */
static bool busy;              /* or has left with a task, */
static bool home;              /* or has had the fiber of K */
static const fl_worker *taker; /* the last one */

/* ---- Around the protocol ---- */

static unsigned the_producer(const fl_search *search)
{
    (void)search;
    return worker[PRODUCER].index;
}

static const fl_policy policy = {"producer", "there is one victim", the_producer};

static void nothing(fl_worker *by, fl_fiber *left, void *unused)
{
    (void)by, (void)left, (void)unused;
}

/* ---- The producer ---- */

static filch_self do_switch(fl_worker *by)
{
    fl_fiber *from = &region[0].fiber, *to = &region[1].fiber;
    rt.queue->flush(by, &from->stack);
    fl_forkstack_serve(&from->stack, fl_first_slot(&from->stack)); /* AnswerThief */
    by->left = from;
    by->action = nothing;
    fl_arrive(to);
    return fl_first_slot(&to->stack);
}

/* Its own task back, as a slow join has it. false: a searcher has it. */
static bool do_join(filch_slot *slot)
{
    filch_ptr_store(&slot->task, NULL, FILCH_RELAXED);
    filch_fence_light();
    if (rt.queue->settle(fl_forkstack_of(slot), slot) != FL_KEPT)
        return false;
    run(slot, slot);
    count(&joined);
    return true;
}

static void run_work(const fl_work *work)
{
    if (work->kind == FL_WORK_JOB)
        run_once((uint64_t)(work->work_item - job));
    else
        work->task->run(NULL, work->slot);
}

/* The first item is its own, others become ready. */
static void do_take(fl_worker *by, bool (*take_from)(fl_worker *by, fl_work *work))
{
    fl_work work;
    if (!take_from(by, &work))
        return;
    run_work(&work);
    count(&joined);
}

/* Two items by one call. */
static void publish_two(fl_worker *by, bool push)
{
    fl_work_item *both[2];
    for (unsigned i = 0; i < 2; i++)
        both[i] = &job[count(&published)];
    if (push)
        fl_push_ready_all(by, both, 2);
    else
        fl_submit_all_across(&rt, both, 2, FL_WAKE_HERE);
}

static filch_self follow_script(fl_worker *by)
{
    fl_worker *borrowed = NULL;
    filch_self self = fl_first_slot(&region[0].fiber.stack);
    for (const char *at = shape.script; *at; at++)
        switch (*at) {
        case 'F':
            self = do_fork(self);
            break;
        case 'J':
            if (!do_join(--self))
                return self;
            break;
        case 'P':
            fl_push_ready(by, fl_item(FL_ITEM_WORK, &job[count(&published)]));
            break;
        case 'I':
            fl_submit_across(&rt, &job[count(&published)], FL_WAKE_HERE,
                             shape.endless ? FL_UNLESS_SEARCHING : FL_UNLESS_AWAKE);
            break;
        case 'p':
        case 'i':
            publish_two(by, *at == 'p');
            break;
        case 'B':
            borrowed = fl_park_borrow(&rt);
            break;
        case 'E':
            if (borrowed)
                fl_park_return(borrowed);
            break;
        case 'W':
            filch_u32_store(&word, 1, FILCH_RELEASE);
            fl_wake_helpers(&rt);
            break;
        case 'K':
            fl_stay_resume(&region[1].fiber);
            break;
        case 'T':
            do_take(by, fl_take_inbox);
            break;
        case 'A':
            do_take(by, fl_steal_ready_again);
            break;
        case 'R':
            fl_idle_search(&rt.idle);
            fl_retire(by);
            break;
        default:
            self = do_switch(by);
        }
    return self;
}

static void produce(fl_worker *by)
{
    filch_self self = follow_script(by);
    if (shape.asks) /* as a fiber that is switched away from: nobody is left without an answer */
        fl_forkstack_serve(fl_forkstack_of(self), self);
}

/* ---- Searchers ---- */

static bool take_submitted(fl_work *work)
{
    *work = (fl_work){.kind = FL_WORK_JOB};
    return fl_inbox_take(&rt.inbox, &work->work_item, 1) > 0;
}

static bool take_ready(fl_work *work)
{
    void *item;
    return fl_deque_size(&worker[PRODUCER].ready) > 0 &&
           fl_deque_steal(&worker[PRODUCER].ready, &item) == FL_STEAL_GOT &&
           fl_work_from_item(work, item);
}

/* Robs without the heavy fence, which is against joins: there are none. */
static bool take_forked(fl_work *work)
{
    uint64_t top;
    fl_forkstack *stack = filch_ptr_load(&worker[PRODUCER].current, FILCH_ACQUIRE);
    if (!fl_forkstack_rob_look(stack, &top))
        return false;
    *work = (fl_work){.kind = FL_WORK_SLOT};
    work->task = fl_forkstack_rob_take(stack, top, &work->slot);
    return work->task != NULL;
}

static bool take(fl_worker *by, fl_work *work)
{
    if ((shape.submits || shape.takes) && take_submitted(work))
        return true;
    if (shape.forks &&
        (shape.asks || rt.queue->take_from != fl_ask_or_rob ? rt.queue->take(by, work)
                                                            : take_forked(work)))
        return true;
    return shape.pushes && take_ready(work);
}

/* Otherwise it spins forever while another searcher is in the middle of a take, or a store is on
 * its way. While a submitter is in the middle of a put, a searcher that is alone sleeps. */
static bool has_to_wait(void)
{
    return !shape.submits || shape.searchers > 1;
}

MC_UNCHECKED static void note_taker(const fl_worker *by)
{
    taker = by;
}

/* Searcher 1, which helps or has a fiber that stays: has what only it waits for come? */
static bool is_called(fl_worker *by, const fl_until *until)
{
    if (by != &worker[1])
        return false;
    over = shape.helps && fl_until_over(until);
    home = shape.homes && fl_stay_take(by);
    return over || home;
}

static void search(fl_worker *by)
{
    const fl_until until = {.word = &word};
    fl_work work;
    int64_t nap = by == &worker[1] ? shape.nap : 0;
    for (unsigned round = 1; nap || !take(by, &work); nap = 0, round++) {
        if (is_called(by, &until)) {
            fl_found(by, false);
            return;
        }
        if (round == PATIENCE && has_to_wait())
            mc_join(PRODUCER, MC_HERE);
        if (shape.helps && by == &worker[1])
            fl_sleep_helping(by, nap, &until);
        else
            fl_sleep(by, nap);
    }
    fl_found(by, false);
    if (by == &worker[1])
        busy = true;
    note_taker(by);
    run_work(&work);
    count(&found);
}

void body(unsigned thread)
{
    if (thread == PRODUCER)
        produce(&worker[PRODUCER]);
    else
        search(&worker[thread]);
    MC_CLAIM(!rcu_reads(), "a thread leaves in a read-side section");
}

/* ---- Before and after ---- */

static void name_everything(void)
{
    static const char *const fiber[] = {"F.limit", "G.limit"};
    char name[40];
    for (unsigned i = 0; mc_traces() && i < 2; i++) {
        fl_forkstack *stack = &region[i].fiber.stack;
        mc_name(stack, fiber[i]);
        snprintf(name, sizeof name, "%c.top", fiber[i][0]);
        mc_name_word(&stack->front.top, name, spell_top);
        snprintf(name, sizeof name, "%c.request", fiber[i][0]);
        mc_name(&stack->request, name);
        snprintf(name, sizeof name, "%c.", fiber[i][0]);
        name_slots(stack, name, TASKS);
    }
    for (unsigned i = 0; mc_traces() && i < WORKERS; i++) {
        snprintf(name, sizeof name, "park_word%u", i);
        mc_name(&worker[i].park_word, name);
    }
    mc_name(&word, "word");
    mc_name(&worker[1].helper_wakes, "helper");
    mc_name(&task, "task");
    mc_name_word(&rt.idle.word, "I", spell_idle_word);
    mc_name(&rt.idle.tokens, "tokens");
    mc_name(&rt.inbox.tail, "tail");
    mc_name(&rt.inbox.head, "head");
    mc_name(&worker[PRODUCER].current, "current");
    mc_name(&worker[PRODUCER].ready.top, "ready.top");
    mc_name(&worker[PRODUCER].ready.bottom, "ready.bottom");
}

static void lay_out_fibers(void)
{
    for (unsigned i = 0; i < 2; i++) {
        fl_forkstack *stack = &region[i].fiber.stack;
        memset(&region[i], 0, FL_SLOTS_OFFSET + (TASKS + 1) * sizeof(filch_slot));
        fl_forkstack_init(stack);
        fl_forkstack_issue(stack, rt.asymmetric ? rt.queue->side : FL_SIDE_FENCED);
        if (shape.poked)
            filch_ptr_store(&stack->front.limit, NULL, FILCH_RELAXED);
        region[i].fiber.worker = &worker[PRODUCER];
        if (!shape.asks)
            mc_ignore(&stack->request, sizeof stack->request);
    }
}

static void lay_out_worker(unsigned i)
{
    bool produces = i == PRODUCER && !shape.submits;
    memset(&worker[i], 0, sizeof worker[i]);
    worker[i].rt = &rt;
    if (!shape.submits && i <= shape.searchers) {
        worker[i].index = i == PRODUCER ? shape.place : i - (i <= shape.place);
        workers[worker[i].index] = &worker[i];
    } else {
        workers[i] = &worker[shape.submits ? i + 1 : i]; /* a foreign thread is no worker */
        worker[i].index = shape.submits ? i - 1 : i;
    }
    worker[i].profit.most = 1;
    filch_ptr_store(&worker[i].ready.buffer, &ready, FILCH_RELAXED);
    if (produces)
        filch_ptr_store(&worker[i].current, &region[0].fiber.stack, FILCH_RELAXED);
    if (shape.fibers && i > PRODUCER && i <= 2)
        filch_ptr_store(&worker[i].current, &region[i - 1].fiber.stack, FILCH_RELAXED);
    if (!produces || !shape.switches)
        mc_ignore(&worker[i].current, sizeof worker[i].current);
    if (!produces || !shape.pushes)
        mc_ignore(&worker[i].ready, sizeof worker[i].ready);
    statistics_ignore(&worker[i], false);
}

static void lay_out_runtime(void)
{
    memset(&rt, 0, sizeof rt);
    rt.worker = workers;
    unsigned count = shape.searchers + !shape.submits;
    fl_worker_set_init(&rt.worker_set, count, count);
    filch_u32_store(&rt.worker_set.active, count - shape.retires, FILCH_RELAXED);
    rt.worker_set.most += shape.beside;
    rt.queue = shape.queue;
    rt.asymmetric = !shape.full_fence && rt.queue->side != FL_SIDE_FENCED;
    rt.queue_state = memset(deques, 0, sizeof deques);
    for (unsigned i = 0; i < sizeof deques / sizeof deques[0]; i++)
        fl_abp_init(&deques[i]);
    locks_are_played = true;
    rt.cpus = count + shape.beside;
    filch_ptr_store(&rt.policy, (void *)(uintptr_t)&policy, FILCH_RELAXED);
    memset(&rt.idle, -1, sizeof rt.idle);
    fl_idle_init(&rt.idle, 0);
    for (unsigned i = 0; i < shape.searchers; i++)
        fl_idle_search(&rt.idle);
    fl_inbox_init(&rt.inbox);
    mc_ignore(&rt, offsetof(filch_runtime, idle));
    statistics_setup();
    if (!shape.submits && !shape.takes)
        mc_ignore(&rt.inbox, sizeof rt.inbox);
    if (!shape.submits)
        mc_ignore(&rt.near, sizeof rt.near);
}

/* It is as long as one to which its thief comes back. Only the producer looks there. */
static void lay_out_long_deque(void)
{
    fl_worker *victim = &worker[WORKERS - 1];
    memset(&long_one, 0, sizeof long_one);
    long_one.buffer.size = ITEMS;
    filch_ptr_store(&victim->ready.buffer, &long_one, FILCH_RELAXED);
    while (published <= FL_AGAIN_LEAST)
        fl_deque_push(&victim->ready, fl_item(FL_ITEM_WORK, &job[count(&published)]));
    worker[PRODUCER].robbed = victim;
}

void lay_out(struct shape chosen)
{
    shape = chosen;
    if (!shape.queue)
        shape.queue = &fl_queue_chase_lev;
    shape.switches = strchr(shape.script, 'S');
    shape.forks = strchr(shape.script, 'F');
    shape.takes = strchr(shape.script, 'T');
    shape.pushes = strpbrk(shape.script, "PpTA") || shape.switches;
    shape.submits = strpbrk(shape.script, "Ii");
    shape.retires = strchr(shape.script, 'R');
    if (shape.retires) /* its slot is the last one */
        shape.place = shape.searchers;
    published = found = joined = 0;
    over = home = busy = false;
    memset(&word, 0, sizeof word);
    taker = NULL;
    memset(runs, 0, sizeof runs);
    rcu_setup(0);
    timeouts_setup(!shape.endless);
    memset(job, 0, sizeof job);
    memset(&ready, 0, sizeof ready);
    ready.buffer.size = ITEMS;
    lay_out_runtime();
    lay_out_fibers();
    for (unsigned i = 0; i < WORKERS; i++)
        lay_out_worker(i);
    worker[1].woken = shape.woken;
    if (shape.homes) {
        region[1].fiber.worker = &worker[1];
        region[1].fiber.wake.as.fiber = &region[1].fiber;
        filch_u32_store(&worker[1].homed, 1, FILCH_RELAXED);
        fl_inbox_init(&worker[1].kept);
    }
    while (shape.takes && published < 2)
        fl_inbox_put(&rt.inbox, &job[count(&published)]);
    if (strchr(shape.script, 'A'))
        lay_out_long_deque();
    worker[PRODUCER].drained = 1; /* a moment ago: it takes twice as many */
    worker[PRODUCER].drained_at = INT64_MAX / 2;
    name_everything();
}

bool may_rest(void)
{
    return true;
}

static unsigned left_on_the_running_fiber(void)
{
    fl_forkstack *stack = filch_ptr_load(&worker[PRODUCER].current, FILCH_RELAXED);
    if (!stack || filch_ptr_load(&stack->front.limit, FILCH_RELAXED))
        return 0;
    uint64_t top = filch_u64_load(&stack->front.top, FILCH_RELAXED), first = fl_top_index(top);
    if (rt.queue == &fl_queue_private_split && (top & 0xffff) > first)
        first = top & 0xffff; /* a shared task may not stay */
    unsigned left = 0;
    while (filch_ptr_load(&fl_slot_at(stack, first + left)->task, FILCH_RELAXED))
        left++;
    return left;
}

void finish(void)
{
    unsigned left = over || home;
    unsigned most = published - joined;
    most = most < shape.searchers - left ? most : shape.searchers - left;
    unsigned allowed = shape.escapes ? left_on_the_running_fiber() : 0;
    MC_CLAIM(found + allowed >= most, "a task waits, and a worker sleeps forever");
    fl_forkstack *on = taker ? filch_ptr_load(&taker->current, FILCH_RELAXED) : NULL;
    MC_CLAIM(!shape.fibers || found != 1 || !filch_ptr_load(&on->front.limit, FILCH_RELAXED),
             "a worker's next fork wakes nobody, although another sleeps");
    uint64_t idle = filch_u64_load(&rt.idle.word, FILCH_RELAXED);
    MC_CLAIM(!strchr(shape.script, 'W') || left || busy,
             "a word has changed, and a helper sleeps forever");
    MC_CLAIM(!strchr(shape.script, 'K') || left || busy,
             "a fiber is ready, and its home sleeps forever");
    MC_CLAIM(fl_idle_sleepers(idle) == shape.searchers - found - left, "S is not those who sleep");
    MC_CLAIM(fl_idle_searchers(idle) == 0, "Q counts a searcher, but nobody searches");
    MC_CLAIM(!(idle & FL_IDLE_NAPPING), "NAPPING is set, but nobody naps");
    MC_CLAIM(filch_u32_load(&rt.idle.tokens, FILCH_RELAXED) == 0, "a token is left");
    statistics_reached(workers, shape.searchers + !shape.submits);
}
