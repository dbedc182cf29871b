/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_play_parts
 *
 * Films: of made traces, whose steps are known, and of runs. In each, a task is in one place at a time. */
#include <filch/filch.h>
#include <filch/trace.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/play/cursor.h>
#include <tools/play/frame.h>
#include <tools/play/record.h>
#include <tools/play/say.h>

enum { ROOT = 1, TASK, OTHER, WAIT, ITEM = 77, SLOT = 500 };
enum { SHORT = 1000, SPARSE = 17 }; /* steps; of longer films, every 17th is sorted and checked */
static const char names[] = "root\0task\0other\0wait";

static trace_file *trace_of(const made_event *events, uint32_t workers, enum fl_trace_level level)
{
    return made_of(events, workers, level, names, sizeof names);
}

static void build(film *f, trace_file *trace)
{
    const char *why = NULL;
    cr_assert_eq(film_build(f, trace, &why), 0, "%s", why ? why : "no memory");
}

/* ---- Invariants ---- */

/* Each task that is there is there once, in a place of a worker that exists, and a worker runs a stack without holes. */
static bool is_well_placed(const cursor *c, uint32_t i)
{
    film_place place = c->there[i].place;
    bool has_worker = place.at < c->film->workers || place.at == FILM_OUTSIDE;
    bool is_bottom = place.where != FILM_RUNS || !place.order;
    return c->at[c->there[i].task] == i + 1 && place.where < FILM_GONE &&
           (has_worker || place.where == FILM_WAITS) &&
           (is_bottom ||
            (c->there[i - 1].place.where == FILM_RUNS && c->there[i - 1].place.at == place.at &&
             c->there[i - 1].place.order == place.order - 1));
}

static void check_moment(cursor *c)
{
    uint32_t wrong = 0;
    cursor_sort(c);
    for (uint32_t i = 0; i < c->count; i++)
        wrong += !is_well_placed(c, i);
    cr_assert_eq(wrong, 0, "after step %u", c->step);
    for (uint32_t i = 0; i < c->film->workers; i++)
        cr_assert_leq(frame_at(c, FILM_HELD, i).count, 1);
}

/* A number that depends on each task and its place, and not on their order in the cursor. */
static uint64_t digest(const cursor *c)
{
    uint64_t sum = c->count;
    for (uint32_t i = 0; i < c->count; i++) {
        film_place place = c->there[i].place;
        const uint32_t words[] = {c->there[i].task, place.where, place.at, place.order,
                                  place.until};
        uint64_t one = 14695981039346656037u;
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            one = (one ^ words[k]) * 1099511628211u;
        sum += one;
    }
    return sum;
}

static void check_film(const film *f)
{
    cursor c;
    uint64_t *digests = calloc(f->steps + 1, sizeof *digests);
    cr_assert(cursor_begin(&c, f) && digests);
    for (uint32_t i = 0; i <= f->steps; i++) {
        cursor_go(&c, i);
        digests[i] = digest(&c);
        if (f->steps < SHORT || i % SPARSE == 0)
            check_moment(&c);
    }
    cr_assert_eq(c.count, 0, "%u tasks are left after the last step", c.count);
    for (uint32_t i = f->steps + 1; i-- > 0;) {
        cursor_go(&c, i);
        cr_assert_eq(digest(&c), digests[i], "step %u looks different on the way back", i);
    }
    for (uint32_t i = 0; i < f->steps; i += f->steps / 30 + 1) { /* in jumps, too */
        uint32_t to = (i * 31) % (f->steps + 1);
        cursor_go(&c, to);
        cr_assert_eq(digest(&c), digests[to]);
    }
    cursor_end(&c);
    free(digests);
}

/* Each step of a film in words, in lines. */
static void is_told(const made_event *events, uint32_t workers, const char *const *sentences)
{
    film f;
    char text[SAY_SENTENCE];
    trace_file *trace = trace_of(events, workers, FL_TRACE_TASKS);
    build(&f, trace);
    for (uint32_t i = 0; i < f.steps && sentences[i]; i++)
        cr_assert_str_eq(say_step(&f, i, text, sizeof text), sentences[i], "step %u: %s", i + 1,
                         text);
    cr_assert_null(sentences[f.steps], "no step is: %s", sentences[f.steps]);
    check_film(&f);
    film_free(&f);
    trace_close(trace);
}

/* ---- Known steps ---- */

#define BEGIN                                                                                      \
    {FL_TRACE_OUTSIDE, 0, FL_TRACE_SUBMIT, ITEM, 0}, {0, 10, FL_TRACE_SWITCH, 4, 0},               \
    {                                                                                              \
        0, 100, FL_TRACE_JOB, ITEM, ROOT                                                           \
    }
#define BEGAN "a thread outside starts root", "worker 0 begins root"

Test(play_film, untaken_task_runs_in_its_join)
{
    is_told((const made_event[]){BEGIN,
                                 {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                 {0, 130, FL_TRACE_RUN, SLOT, TASK},
                                 {0, 180, FL_TRACE_RUN_END, SLOT, 1},
                                 {0, 185, FL_TRACE_JOB_END, 4, 0},
                                 {0}},
            1,
            (const char *const[]){
                BEGAN, "worker 0, in root, forks task",
                "worker 0, in root, joins task: nobody has taken it, so it runs here",
                "worker 0 ends task and goes on with root", "worker 0 ends root", NULL});
}

Test(play_film, steal_names_victim_before_task_begins)
{
    is_told((const made_event[]){BEGIN,
                                 {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                 {0, 111, FL_TRACE_FORK, SLOT + 1, OTHER},
                                 {1, 112, FL_TRACE_SWITCH, 5, 0},
                                 {1, 115, FL_TRACE_GIFT, 0, 1},
                                 {1, 120, FL_TRACE_RUN, SLOT, TASK},
                                 {0, 121, FL_TRACE_RUN, SLOT + 1, OTHER},
                                 {0, 122, FL_TRACE_RUN_END, SLOT + 1, 1},
                                 {0, 130, FL_TRACE_JOIN, SLOT, 0},
                                 {0, 131, FL_TRACE_WAIT, 4, WAIT},
                                 {0, 131, FL_TRACE_SWITCH, 0, 0},
                                 {1, 170, FL_TRACE_RUN_END, SLOT, 0},
                                 {1, 171, FL_TRACE_RESUME, 4, 0},
                                 {0, 172, FL_TRACE_SWITCH, 4, 0},
                                 {0, 180, FL_TRACE_GO_ON, 4, 0},
                                 {0, 190, FL_TRACE_JOINED, SLOT, 0},
                                 {0, 195, FL_TRACE_JOB_END, 4, 0},
                                 {0}},
            2,
            (const char *const[]){
                BEGAN, "worker 0, in root, forks task", "worker 0, in root, forks other",
                "worker 1 takes task from worker 0, the oldest task there", "worker 1 begins task",
                "worker 0, in root, joins other: nobody has taken it, so it runs here",
                "worker 0 ends other and goes on with root",
                "worker 0, in root, needs task, which is not done",
                "root waits for task; worker 0 looks for other work", "worker 1 ends task",
                "worker 1 makes root ready to go on",
                "worker 0 takes root from the deque of worker 1, the oldest task there",
                "worker 0 goes on with root", "worker 0, in root, has the result of task",
                "worker 0 ends root", NULL});
}

Test(play_film, unresponsive_victim_joins_without_waiting)
{
    is_told((const made_event[]){BEGIN,
                                 {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                 {1, 112, FL_TRACE_SWITCH, 5, 0},
                                 {1, 115, FL_TRACE_FORCED, 0, 1},
                                 {1, 120, FL_TRACE_RUN, SLOT, TASK},
                                 {1, 125, FL_TRACE_RUN_END, SLOT, 0},
                                 {0, 130, FL_TRACE_JOIN, SLOT, 0},
                                 {0, 131, FL_TRACE_JOINED, SLOT, 0},
                                 {0, 195, FL_TRACE_JOB_END, 4, 0},
                                 {0}},
            2,
            (const char *const[]){BEGAN, "worker 0, in root, forks task",
                                  "worker 1 takes task from worker 0, the oldest task there; "
                                  "worker 0 did not answer",
                                  "worker 1 begins task", "worker 1 ends task",
                                  "worker 0, in root, has the result of task", "worker 0 ends root",
                                  NULL});
}

/* Worker 1 takes four tasks; worker 2 takes the upper half of them from it. */
Test(play_film, gifts_move_tasks_together)
{
    film f;
    cursor c;
    trace_file *trace = trace_of((const made_event[]){BEGIN,
                                                      {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                                      {0, 111, FL_TRACE_FORK, SLOT + 1, TASK},
                                                      {0, 112, FL_TRACE_FORK, SLOT + 2, TASK},
                                                      {0, 113, FL_TRACE_FORK, SLOT + 3, TASK},
                                                      {0, 114, FL_TRACE_FORK, SLOT + 4, TASK},
                                                      {1, 112, FL_TRACE_SWITCH, 5, 0},
                                                      {1, 120, FL_TRACE_GIFT, 0, 4},
                                                      {1, 121, FL_TRACE_RUN, SLOT, TASK},
                                                      {2, 122, FL_TRACE_SWITCH, 6, 0},
                                                      {2, 123, FL_TRACE_GIFT, 1, 1},
                                                      {2, 124, FL_TRACE_RUN, SLOT + 2, TASK},
                                                      {0}},
                                 3, FL_TRACE_TASKS);
    static const struct {
        uint32_t step, of[3]; /* tasks in each deque */
    } moments[] = {{7, {5, 0, 0}}, {8, {1, 3, 0}}, {9, {1, 3, 0}}, {10, {1, 1, 1}}};
    build(&f, trace);
    cr_assert(cursor_begin(&c, &f));
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        cursor_go(&c, moments[i].step);
        check_moment(&c);
        for (uint32_t k = 0; k < 3; k++)
            cr_assert_eq(frame_at(&c, FILM_DEQUE, k).count, moments[i].of[k], "step %u, worker %u",
                         moments[i].step, k);
    }
    cursor_end(&c);
    film_free(&f);
    trace_close(trace);
}

Test(play_film, full_stack_wait_and_marks_appear)
{
    is_told((const made_event[]){BEGIN,
                                 {0, 105, FL_TRACE_MARK, ROOT, 9},
                                 {0, 106, FL_TRACE_MARK, ROOT, 8},
                                 {0, 107, FL_TRACE_MARK, OTHER, 7},
                                 {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                 {0, 120, FL_TRACE_RUN, SLOT, TASK},
                                 {0, 125, FL_TRACE_RUN_END, SLOT, 0},
                                 {0, 130, FL_TRACE_WAIT, 4, WAIT},
                                 {0, 131, FL_TRACE_SWITCH, 0, 0},
                                 {FL_TRACE_OUTSIDE, 140, FL_TRACE_RESUME, 4, 0},
                                 {0, 150, FL_TRACE_SWITCH, 4, 0},
                                 {0, 160, FL_TRACE_JOINED, SLOT, 0},
                                 {0, 195, FL_TRACE_JOB_END, 4, 0},
                                 {0}},
            1,
            (const char *const[]){
                "a thread outside starts root(9)", "worker 0 begins root(9)",
                "worker 0, in root(9), calls root(8)", "worker 0, in root(9), marks other = 7",
                "worker 0, in root(9), forks task",
                "worker 0, in root(9), runs task at once: the fork stack is full",
                "worker 0 ends task and goes on with root(9)",
                "root(9) stops in wait; worker 0 looks for other work",
                "a thread outside makes root(9) ready to go on", "worker 0 goes on with root(9)",
                "worker 0, in root(9), has the result of task", "worker 0 ends root(9)", NULL});
}

Test(play_film, a_panic_leaves_no_task_behind)
{
    is_told(
        (const made_event[]){BEGIN,
                             {0, 110, FL_TRACE_FORK, SLOT, TASK},
                             {0, 130, FL_TRACE_RUN, SLOT, TASK},
                             {0, 140, FL_TRACE_FORK, SLOT + 1, OTHER},
                             {0, 145, FL_TRACE_FORK, SLOT + 2, OTHER},
                             {0, 160, FL_TRACE_JOB_END, 4, 0},
                             {0}},
        1,
        (const char *const[]){BEGAN, "worker 0, in root, forks task",
                              "worker 0, in root, joins task: nobody has taken it, so it runs here",
                              "worker 0, in task, forks other#1",
                              "worker 0, in task, forks other#2", "worker 0 ends root", NULL});
}

Test(play_film, abandoned_fiber_is_on_no_worker)
{
    is_told((const made_event[]){BEGIN,
                                 {0, 110, FL_TRACE_SWITCH, 5, 0},
                                 {1, 120, FL_TRACE_SWITCH, 4, 0},
                                 {1, 195, FL_TRACE_JOB_END, 4, 0},
                                 {0}},
            2,
            (const char *const[]){BEGAN, "worker 0 leaves root", "worker 1 goes on with root",
                                  "worker 1 ends root", NULL});
}

/* ---- Refused ---- */

static void refused(const made_event *events, enum fl_trace_level level, const char *word)
{
    film f;
    const char *why = NULL;
    trace_file *trace = trace_of(events, 2, level);
    cr_assert_eq(film_build(&f, trace, &why), -EINVAL);
    cr_assert_not_null(strstr(why, word), "%s", why);
    cr_assert_null(f.step);
    trace_close(trace);
}

Test(play_film, traces_without_all_tasks_are_refused)
{
    refused((const made_event[]){BEGIN, {0}}, FL_TRACE_STEALS, "FILCH_TRACE=FILE,tasks");
    refused((const made_event[]){{0, 10, FL_TRACE_SWITCH, 4, 0},
                                 {0, 110, FL_TRACE_FORK, SLOT, TASK},
                                 {0}},
            FL_TRACE_TASKS, "began while tasks ran");
    refused((const made_event[]){BEGIN, {0, 130, FL_TRACE_RUN, SLOT, TASK}, {0}}, FL_TRACE_TASKS,
            "began while tasks ran");
}

/* ---- Runs ---- */

static void check_run(const char *name, unsigned number, unsigned workers)
{
    film f;
    char error[256] = "";
    recording r = {.what = example_named(name), .number = number, .workers = workers, .seed = 5};
    trace_file *trace = record(&r, error, sizeof error);
    cr_assert_not_null(trace, "%s", error);
    build(&f, trace);
    check_film(&f);
    cr_assert_gt(f.steps, 4);
    film_free(&f);
    trace_close(trace);
}

Test(play_film, every_example_makes_a_film)
{
    for (const example *one = examples; one->name; one++)
        for (unsigned workers = 1; workers <= 4; workers += 3)
            check_run(one->name, (unsigned)one->usual, workers);
}

Test(play_film, other_queues_and_waits_make_films)
{
    static const char *const settings[][2] = {{"FILCH_QUEUE", "the"},
                                              {"FILCH_QUEUE", "private-request"},
                                              {"FILCH_QUEUE", "central-mutex"},
                                              {"FILCH_QUEUE", "sharing"},
                                              {"FILCH_WAIT", "help-any"},
                                              {"FILCH_WAIT", "help-own"}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        cr_assert_eq(setenv(settings[i][0], settings[i][1], 1), 0);
        check_run("fib", 7, 3);
        cr_assert_eq(unsetenv(settings[i][0]), 0);
    }
}

Test(play_film, random_programs_place_each_task_once)
{
    unsigned most = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        random_run s;
        film f;
        random_program(&s, seed);
        trace_file *trace = trace_of(s.event, RANDOM_WORKERS, FL_TRACE_TASKS);
        build(&f, trace);
        cr_assert_eq(f.tasks, s.tasks, "seed %d", (int)seed);
        check_film(&f);
        most = s.tasks > most ? s.tasks : most;
        film_free(&f);
        trace_close(trace);
        free(s.event);
    }
    cr_assert_gt(most, 100, "programs are large enough");
}
