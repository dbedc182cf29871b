/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scatter-gather. One block holds all calls; one lock protects it. The outcome is decided once, by
 * the first of these events:
 *
 *   undecided -> 0            the quorum-th that succeeds
 *             -> -ENODATA     the first failure after which too few are left
 *             -> the cause    when the context is done, by its deadline or from above: the caller,
 *                             or a call that answers after that
 *
 * Answers are only taken while it is undecided. The caller waits for the end of the context, which
 * a task that decides cancels after that. Life: the tasks and the caller hold the block; the last
 * of them frees it, after its last unlock. Threads: any. */
#include <filch/gather.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdlib.h>

typedef struct gathering gathering;

typedef struct asked {
    fl_work_item item; /* first */
    gathering *all;
    filch_ask what;
    filch_answer answer; /* -EINPROGRESS until it has come */
} asked;

struct gathering {
    filch_gather_config config;
    filch_context *context;
    filch_u32 lock; /* of all below */
    filch_waiters lingering;
    size_t holders; /* tasks that have not ended, and the caller */
    size_t succeeded, failed;
    bool decided;
    int verdict;
    const asked *first_failed;
    asked asked[];
};

/* ---- The verdict; under the lock ---- */

static void decide(gathering *all, int verdict)
{
    all->decided = true;
    all->verdict = verdict;
}

/* false: it comes too late. */
static bool take(gathering *all, asked *one, void *value, const filch_failure *why)
{
    if (all->decided)
        return false;
    int cause = filch_context_cause(all->context);
    if (cause) {
        decide(all, cause);
        return false;
    }
    one->answer = (filch_answer){.value = why->code ? NULL : value, .failure = *why};
    *(why->code ? &all->failed : &all->succeeded) += 1;
    if (why->code && !all->first_failed)
        all->first_failed = one;
    if (all->succeeded == all->config.quorum)
        decide(all, 0);
    else if (all->config.count - all->failed < all->config.quorum)
        decide(all, -ENODATA);
    return true;
}

/* ---- The tasks ---- */

/* A task's data beside its function, whose name may be gone when it ends. */
static const filch_task gather_task = {NULL, "(a gather's task)"};

typedef struct call {
    asked *one;
    void *value;
    int code;
} call;

static void ask(filch_self self, void *arg)
{
    call *this = arg;
    const filch_ask *what = &this->one->what;
    this->code = what->fn(self, this->one->all->context, what->arg, &this->value);
    fl_check_return(self, &gather_task);
}

static filch_failure ask_caught(filch_self self, call *this)
{
    const char *name = this->one->what.name;
    filch_failure why = {0};
    fl_error_forget();
    if (!fl_catch(self, name, ask, this, &why) || !this->code)
        return why;
    why = (filch_failure){.code = fl_is_errno(this->code) ? this->code : -EINVAL, .task = name};
    fl_failure_explain(&why, this->code);
    return why;
}

typedef struct giving {
    void (*fn)(void *);
    void *what;
} giving;

static void give(filch_self self, void *arg)
{
    const giving *to = arg;
    to->fn(to->what);
    fl_check_return(self, &gather_task);
}

static void give_back(filch_self self, void (*fn)(void *), void *what)
{
    giving to = {fn, what};
    filch_failure failure;
    if (fn && !fl_catch(self, gather_task.name, give, &to, &failure))
        fl_panic_report(&failure);
}

static void answer(filch_self self, asked *one)
{
    gathering *all = one->all;
    call this = {.one = one};
    filch_failure why = ask_caught(self, &this);
    fl_lock(&all->lock);
    bool taken = take(all, one, this.value, &why);
    bool decided = all->decided;
    fl_unlock(&all->lock);
    if (decided)
        filch_context_cancel(all->context, 0); /* unless it was */
    if (!taken && !why.code)
        give_back(self, all->config.drop, this.value);
}

/* With the lock, which is released. */
static void leave(gathering *all)
{
    size_t left = --all->holders;
    fl_node *told = left == 1 ? fl_waiters_claim(&all->lingering) : NULL;
    fl_unlock(&all->lock); /* the last touch, but for the last one */
    fl_tell_list(told, 0);
    if (left)
        return;
    filch_context_release(all->context);
    free(all);
}

static void run(filch_self self, fl_work_item *item)
{
    asked *one = (asked *)item;
    gathering *all = one->all;
    fl_fiber_of(self)->running.root = &gather_task;
    fl_lock(&all->lock);
    bool decided = all->decided;
    fl_unlock(&all->lock);
    if (!decided && !filch_context_cause(all->context))
        answer(self, one);
    give_back(self, all->config.release, one->what.arg);
    fl_lock(&all->lock);
    leave(all);
}

/* ---- The caller ---- */

static int refuse(const filch_gather_config *config, const filch_answer *answers, int64_t until)
{
    if (!config || !config->asks || !answers)
        return fl_fail(EINVAL, "filch_gather without %s; give it some",
                       answers ? "calls to make" : "an array for the answers");
    if (!config->count || config->count > FILCH_ASKS_MAX || config->quorum > config->count)
        return fl_fail(EINVAL, "a quorum of %zu of %zu; ask 1 to %d, and want no more answers",
                       config->quorum, config->count, FILCH_ASKS_MAX);
    for (size_t i = 0; i < config->count; i++)
        if (!config->asks[i].fn)
            return fl_fail(EINVAL, "ask %zu has no function; give it one", i);
    if (until < 0)
        return fl_fail(EINVAL, "a gather until %lld ns; give a time from filch_in()",
                       (long long)until);
    return 0;
}

static int make(gathering **out, const filch_gather_config *config, int64_t until)
{
    size_t count = config->count;
    gathering *all = calloc(1, sizeof *all + count * sizeof all->asked[0]);
    if (!all)
        return fl_fail(ENOMEM, "no memory to ask %zu; ask fewer at a time", count);
    int rc = filch_context_create_until(&all->context, config->context, until);
    if (rc) {
        free(all);
        return rc;
    }
    all->config = *config;
    if (!config->quorum)
        all->config.quorum = count;
    all->holders = count + 1;
    for (size_t i = 0; i < count; i++) {
        asked *one = &all->asked[i];
        fl_work_item_be_part(&one->item, run);
        one->all = all;
        one->what = config->asks[i];
        if (!one->what.name)
            one->what.name = "ask";
        one->answer.failure = (filch_failure){.code = -EINPROGRESS, .task = one->what.name};
    }
    *out = all;
    return 0;
}

/* With the lock, which is released for a while. */
static void await_all(gathering *all)
{
    while (all->holders > 1) {
        fl_waits_in("filch_gather", all);
        fl_wait(&all->lock, &all->lingering, NULL, FILCH_FOREVER);
        fl_lock(&all->lock);
    }
}

static int say(int verdict, size_t failed, size_t count, const filch_failure *first)
{
    if (verdict == -ETIMEDOUT)
        return fl_fail(ETIMEDOUT, "filch_gather: the deadline has passed, and each call without an "
                                  "answer was cancelled; ask again with a later one");
    if (verdict != -ENODATA)
        return fl_refused_by(verdict);
    return fl_fail(ENODATA, "%zu of %zu failed, the first %s: %s", failed, count, first->task,
                   first->message);
}

int filch_gather(filch_runtime *rt, const filch_gather_config *config, filch_answer *answers,
                 int64_t until)
{
    FL_GIVEN(config);
    FL_GIVEN(answers);
    int rc = refuse(config, answers, until);
    if (!rc)
        rc = fl_runtime_meant(&rt, "filch_gather");
    gathering *all = NULL;
    if (!rc)
        rc = make(&all, config, until);
    if (rc)
        return rc;
    size_t count = config->count;
    for (size_t i = 0; i < count; i++)
        fl_start(rt, &all->asked[i].item);
    int cause = fl_context_wait("filch_gather", all->context, FILCH_FOREVER);
    fl_lock(&all->lock);
    if (!all->decided)
        decide(all, cause);
    if (all->config.linger)
        await_all(all);
    for (size_t i = 0; i < count; i++)
        answers[i] = all->asked[i].answer;
    int verdict = all->verdict;
    size_t failed = all->failed;
    filch_failure first =
        all->first_failed ? all->first_failed->answer.failure : (filch_failure){0};
    leave(all);
    return say(verdict, failed, count, &first);
}
