/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The list of waiting tasks (<filch/stats.h>): it has each task that waits, with its call, its object and the
 * place of its start; and it stays true while tasks come and go. */
#include <pthread.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <sched.h>
#include <stdio.h>
#include <tests/support/test.h>

enum { MOST = 64 };

typedef struct seen {
    char task[64], pool[64], file[128];
    int line;
    const char *call; /* a literal */
    const void *object;
} seen;

typedef struct seen_list {
    seen row[MOST];
    int count;
} seen_list;

static void keep(const filch_wait *wait, void *arg)
{
    seen_list *list = arg;
    cr_assert_lt(list->count, MOST);
    seen *s = &list->row[list->count++];
    snprintf(s->task, sizeof s->task, "%s", wait->task);
    snprintf(s->pool, sizeof s->pool, "%s", wait->pool ? wait->pool : "");
    snprintf(s->file, sizeof s->file, "%s", wait->file ? wait->file : "");
    s->line = wait->line;
    s->call = wait->call;
    s->object = wait->object;
    cr_assert(wait->fiber, "%s has no fiber", wait->task);
}

static int list_into(filch_runtime *rt, seen_list *list)
{
    list->count = 0;
    return filch_runtime_waits(rt, keep, list);
}

/* Until so many wait. */
static void list_when(filch_runtime *rt, seen_list *list, int count)
{
    while (list_into(rt, list) != count)
        sched_yield();
    cr_assert_eq(list->count, count);
}

static const seen *row_of(const seen_list *list, const char *task)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->row[i].task, task) == 0)
            return &list->row[i];
    cr_assert_fail("%s is not in the list", task);
    return NULL;
}

static filch_runtime *created(unsigned workers)
{
    filch_runtime *rt;
    cr_assert_eq(filch_runtime_create(&rt, &(filch_config){.workers = workers, .max_fibers = 64}),
                 0, "%s", filch_error());
    return rt;
}

/* ---- Each call ---- */

static struct bench {
    filch_mutex mutex;
    filch_channel *channel;
    filch_semaphore runs, may_end;
    filch_context *end;
} bench;

static void locks(filch_self self, void *arg)
{
    filch_mutex_lock(&bench.mutex);
    filch_mutex_unlock(&bench.mutex);
}

static void receives(filch_self self, void *arg)
{
    int item;
    filch_channel_receive(bench.channel, &item);
}

static void sleeps(filch_self self, void *arg)
{
    filch_context_sleep(bench.end, 3600 * FILCH_SECOND);
}

FILCH_TASK(int, child, (int, n))
{
    filch_semaphore_give_back(&bench.runs, 1);
    filch_semaphore_acquire(&bench.may_end, 1);
    return n;
}

static void joins(filch_self self, void *arg)
{
    FILCH_FORK(child, 7);
    filch_semaphore_acquire(&bench.runs, 1); /* so another fiber runs the child */
    FILCH_JOIN(int seven, child);
    cr_assert_eq(seven, 7);
}

static int job(filch_self self, filch_job *job, void *data)
{
    filch_semaphore_acquire(&bench.may_end, 1);
    return 0;
}

static void check_row(const seen_list *list, const char *task, const char *call, const void *object,
                      int line)
{
    const seen *s = row_of(list, task);
    cr_assert_str_eq(s->call, call, "%s waits in %s", task, s->call);
    if (object)
        cr_assert_eq(s->object, object, "%s waits for %p", task, s->object);
    cr_assert_eq(s->line, line, "%s was started in line %d", task, s->line);
    cr_assert_eq(strcmp(s->file, __FILE__) == 0, line != 0, "%s was started in '%s'", task,
                 s->file);
}

static void list_each_call(unsigned workers)
{
    filch_runtime *rt = created(workers);
    seen_list list;
    memset(&bench, 0, sizeof bench);
    filch_semaphore_init(&bench.runs, 0);
    filch_semaphore_init(&bench.may_end, 0);
    OK(filch_channel_create(&bench.channel, sizeof(int), 0));
    OK(filch_context_create(&bench.end, NULL));
    filch_pool *pool;
    OK(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .name = "cellar", .width = 1}));
    cr_assert_eq(list_into(rt, &list), 0, "nothing waits yet");

    filch_mutex_lock(&bench.mutex);
    int line = __LINE__;
    filch_go(rt, locks, NULL);
    filch_go(rt, receives, NULL);
    filch_go(rt, sleeps, NULL);
    filch_go(rt, joins, NULL);
    cr_assert_eq(FILCH_SUBMIT(pool, job, NULL), 0);
    do /* the child has let `joins` go on, but nobody has run it yet */
        list_when(rt, &list, 6);
    while (strcmp(row_of(&list, "joins")->call, "filch_semaphore_acquire") == 0);
    check_row(&list, "locks", "filch_mutex_lock", &bench.mutex, line + 1);
    check_row(&list, "receives", "filch_channel_receive", bench.channel, line + 2);
    check_row(&list, "sleeps", "filch_context_sleep", NULL, line + 3);
    check_row(&list, "joins", "the join of a fork", NULL, line + 4);
    check_row(&list, "child", "filch_semaphore_acquire", &bench.may_end, 0);
    check_row(&list, "job", "filch_semaphore_acquire", &bench.may_end, 0);
    cr_assert_str_eq(row_of(&list, "job")->pool, "cellar");
    cr_assert_str_eq(row_of(&list, "locks")->pool, "");

    filch_mutex_unlock(&bench.mutex);
    filch_channel_close(bench.channel);
    cr_assert_eq(filch_context_cancel(bench.end, 0), 0, "%s", filch_error());
    filch_semaphore_give_back(&bench.may_end, 2);
    list_when(rt, &list, 0);
    filch_pool_destroy(pool);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(bench.channel);
    filch_context_release(bench.end);
}

Test(waits, calls_are_listed_on_one_worker)
{
    list_each_call(1);
}

Test(waits, calls_are_listed_on_two_workers)
{
    list_each_call(2);
}

Test(waits, calls_are_listed_on_eight_workers)
{
    list_each_call(8);
}

/* ---- Each way of starting ---- */

static void acquires(filch_self self, void *unused)
{
    filch_semaphore_acquire(&bench.may_end, 1);
}

static int spawned(filch_self self, filch_scope *scope, void *unused)
{
    acquires(self, unused);
    return 0;
}

static int sequel(filch_self self, const void *value, void *result, void *arg)
{
    acquires(self, arg);
    return 0;
}

FILCH_TASK(int, run)
{
    acquires(self, NULL);
    return 0;
}

FILCH_TASK(int, run_plainly)
{
    acquires(self, NULL);
    return 0;
}

FILCH_TASK(int, asynchronous)
{
    acquires(self, NULL);
    return 0;
}

static int run_line, run_plainly_line;

static void *runs(void *rt)
{
    run_line = __LINE__ + 1;
    return FILCH_RUN(rt, run) ? rt : NULL;
}

static void *runs_plainly(void *rt)
{
    filch_slot slot;
    run_plainly_line = __LINE__ + 1;
    return filch_run(rt, &run_plainly_task, &slot) ? rt : NULL;
}

Test(waits, each_start_has_its_place)
{
    filch_runtime *rt = created(2);
    filch_future value = {0}, next = {0}, after = {0};
    filch_scope scope;
    pthread_t threads[2];
    seen_list list;
    filch_semaphore_init(&bench.may_end, 0);
    OK(filch_scope_begin(&scope, rt, NULL));
    cr_assert_eq(pthread_create(&threads[0], NULL, runs, rt), 0);
    cr_assert_eq(pthread_create(&threads[1], NULL, runs_plainly, rt), 0);
    int line = __LINE__;
    filch_go(rt, acquires, NULL);
    FILCH_SPAWN(&scope, spawned, NULL);
    FILCH_ASYNC(rt, &value, asynchronous);
    filch_then(&next, &after, rt, sequel, NULL, 0);
    filch_future_set(&after, NULL, 0);
    list_when(rt, &list, 6);
    check_row(&list, "run", "filch_semaphore_acquire", &bench.may_end, run_line);
    check_row(&list, "run_plainly", "filch_semaphore_acquire", &bench.may_end, run_plainly_line);
    check_row(&list, "acquires", "filch_semaphore_acquire", &bench.may_end, line + 1);
    check_row(&list, "spawned", "filch_semaphore_acquire", &bench.may_end, line + 2);
    check_row(&list, "asynchronous", "filch_semaphore_acquire", &bench.may_end, line + 3);
    check_row(&list, "sequel", "filch_semaphore_acquire", &bench.may_end, line + 4);
    filch_semaphore_give_back(&bench.may_end, 6);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    OK(filch_scope_end(&scope));
    OK(filch_await(&next));
    OK(filch_await(&value));
    OK(filch_runtime_destroy(rt));
}

static void acquire_as_part(filch_self self, fl_work_item *unused)
{
    filch_semaphore_acquire(&bench.may_end, 1);
}

/* One worker, so that the part has the fiber of a task that had a name. */
Test(waits, future_task_shows_only_its_name)
{
    filch_runtime *rt = created(1);
    filch_future seven = {0};
    fl_work_item part;
    seen_list list;
    filch_semaphore_init(&bench.runs, 0);
    filch_semaphore_init(&bench.may_end, 0);
    int line = __LINE__ + 1;
    FILCH_ASYNC(rt, &seven, child, 7);
    list_when(rt, &list, 1);
    check_row(&list, "child", "filch_semaphore_acquire", &bench.may_end, line);
    filch_semaphore_give_back(&bench.may_end, 1);
    list_when(rt, &list, 0);
    fl_work_item_be_part(&part, acquire_as_part);
    fl_start(rt, &part);
    list_when(rt, &list, 1);
    check_row(&list, "(unnamed)", "filch_semaphore_acquire", &bench.may_end, 0);
    filch_semaphore_give_back(&bench.may_end, 1);
    OK(filch_runtime_destroy(rt));
}

/* ---- While tasks come and go ---- */

enum { ROUNDS = 200, TURNS = 40 };

static filch_mutex turns[2];
static filch_waitgroup all_ended;

/* Each waits in one call only, so a row with another one is a mixture. */
static void hand_over(filch_self self, void *arg)
{
    for (int i = 0; i < TURNS; i++) {
        filch_mutex_lock(&turns[0]);
        filch_mutex_lock(&turns[1]);
        filch_yield(self);
        filch_mutex_unlock(&turns[1]);
        filch_mutex_unlock(&turns[0]);
    }
    filch_waitgroup_done(&all_ended);
}

static void nap(filch_self self, void *arg)
{
    for (int i = 0; i < TURNS; i++)
        filch_sleep(1);
    filch_waitgroup_done(&all_ended);
}

static int named_job(filch_self self, filch_job *job, void *data)
{
    for (int i = 0; i < 4; i++)
        filch_yield(self);
    return 0;
}

static const filch_place nap_place = {{NULL, "nap"}, "nap.c", 11};
static const filch_place hand_over_place = {{NULL, "hand_over"}, "hand_over.c", 12};

static void check_truth(const filch_wait *wait, void *unused)
{
    if (wait->pool) {
        cr_assert_str_eq(wait->pool, "brief");
        cr_assert(strncmp(wait->task, "job ", 4) == 0, "%s", wait->task);
    } else if (strcmp(wait->task, "nap") == 0) {
        cr_assert_str_eq(wait->call, "filch_sleep");
        cr_assert_str_eq(wait->file, nap_place.file);
        cr_assert_eq(wait->line, nap_place.line);
    } else if (strcmp(wait->task, "hand_over") == 0) {
        cr_assert(strcmp(wait->call, "filch_mutex_lock") == 0 ||
                      strcmp(wait->call, "filch_yield") == 0,
                  "%s", wait->call);
        cr_assert_str_eq(wait->file, hand_over_place.file);
        cr_assert_eq(wait->line, hand_over_place.line);
    }
}

/* Its names and the pool itself end while lists are made. */
static void run_brief_jobs(filch_runtime *rt)
{
    enum { JOBS = 4 };
    char *names[JOBS];
    filch_pool *pool;
    OK(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .name = "brief", .width = 2}));
    for (int i = 0; i < JOBS; i++) {
        cr_assert_geq(asprintf(&names[i], "job %d", i), 0);
        cr_assert_eq(FILCH_SUBMIT_AS(pool, named_job, NULL, .name = names[i]), 0);
    }
    filch_pool_destroy(pool);
    for (int i = 0; i < JOBS; i++)
        free(names[i]);
}

static filch_u32 is_over;

static void *list_again_and_again(void *rt)
{
    do
        cr_assert_geq(filch_runtime_waits(rt, check_truth, NULL), 0);
    while (!filch_u32_load(&is_over, FILCH_ACQUIRE));
    return NULL;
}

static void come_and_go(unsigned workers)
{
    filch_runtime *rt = created(workers);
    pthread_t lister[2];
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&lister[i], NULL, list_again_and_again, rt), 0);
    for (int round = 0; round < ROUNDS / TURNS; round++) {
        filch_waitgroup_add(&all_ended, 6);
        for (int i = 0; i < 3; i++) {
            fl_go_at(rt, nap, NULL, &nap_place);
            fl_go_at(rt, hand_over, NULL, &hand_over_place);
        }
        run_brief_jobs(rt);
        filch_waitgroup_wait(&all_ended);
    }
    filch_u32_store(&is_over, 1, FILCH_RELEASE);
    for (int i = 0; i < 2; i++)
        pthread_join(lister[i], NULL);
    OK(filch_runtime_destroy(rt));
}

Test(waits, rows_stay_true_on_one_worker)
{
    come_and_go(1);
}

Test(waits, rows_stay_true_on_two_workers)
{
    come_and_go(2);
}

Test(waits, rows_stay_true_on_eight_workers)
{
    come_and_go(8);
}

/* ---- The call itself ---- */

FILCH_TASK(int, lists_its_own_runtime, (seen_list *, list))
{
    return list_into(NULL, list);
}

Test(waits, task_may_list_without_naming_runtime)
{
    filch_runtime *rt = created(1);
    seen_list list;
    cr_assert_eq(FILCH_RUN(rt, lists_its_own_runtime, &list), 0);
    filch_runtime_destroy(rt);
}

Test(waits, call_without_function_or_runtime_fails)
{
    filch_runtime *rt = created(1);
    seen_list list;
    cr_assert_eq(filch_runtime_waits(rt, NULL, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "function"), "%s", filch_error());
    cr_assert_eq(list_into(NULL, &list), -EINVAL);
    cr_assert(strstr(filch_error(), "runtime"), "%s", filch_error());
    filch_runtime_destroy(rt);
}

static void has_a_long_name(filch_self self, void *arg)
{
    filch_semaphore_acquire(arg, 1);
}

Test(waits, long_names_cut_paths_keep_end)
{
    static char name[200], file[300];
    memset(name, 'n', sizeof name - 1);
    memset(file, '/', sizeof file - 1);
    memcpy(file + sizeof file - 6, "end.c", 6);
    const filch_place place = {.task.name = name, .file = file, .line = 5};
    filch_runtime *rt = created(1);
    filch_semaphore semaphore;
    seen_list list;
    filch_semaphore_init(&semaphore, 0);
    OK(fl_go_at(rt, has_a_long_name, &semaphore, &place));
    list_when(rt, &list, 1);
    cr_assert_eq(strlen(list.row[0].task), 63);
    cr_assert_eq(strlen(list.row[0].file), 127);
    cr_assert_str_eq(list.row[0].file + 122, "end.c");
    filch_semaphore_give_back(&semaphore, 1);
    filch_runtime_destroy(rt);
}
