/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Child processes: their input, output and end, as tasks and threads see them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000, BYTES = 1 << 20 };

typedef int claim(filch_self self);

FILCH_TASK(int, run_claim, (claim *, one))
{
    return one(self);
}

/* As a task on 1, 2 and 8 workers. A claim returns 0, or the line that failed. */
static void everywhere(claim *one)
{
    static const unsigned workers[] = {1, 2, 8};
    start_spawner();
    for (unsigned i = 0; i < 3; i++) {
        filch_config config = {.workers = workers[i]};
        filch_runtime *rt = NULL;
        cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
        int line = FILCH_RUN(rt, run_claim, one);
        cr_assert_eq(line, 0, "%u workers: line %d: %s", workers[i], line, filch_error());
        OK(filch_runtime_destroy(rt));
    }
}

#define CLAIM(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

/* ---- Input and output ---- */

static int echo_and_status(filch_self self)
{
    char text[64];
    filch_process *process = script("cat; exit 3");
    CLAIM(filch_process_in(process) >= 0 && filch_process_err(process) == -1);
    CLAIM(filch_process_write(process, "word", 4, FILCH_FOREVER) == 0);
    filch_process_close_in(process);
    filch_process_close_in(process);
    CLAIM(filch_process_in(process) == -1);
    CLAIM(read_output(process, text, sizeof text) == 4 && !strcmp(text, "word"));
    CLAIM(outcome_of(process) == 3);
    CLAIM(outcome_of(process) == 3); /* again */
    CLAIM(filch_context_cause(filch_process_context(process)) == -ESRCH);
    CLAIM(filch_process_kill(process, SIGTERM) == -ESRCH);
    CLAIM(filch_process_write(process, "x", 1, FILCH_FOREVER) == -EBADF);
    filch_process_destroy(process);
    filch_process_destroy(NULL);
    return 0;
}

Test(process, input_output_and_status_arrive)
{
    everywhere(echo_and_status);
    int rc = echo_and_status(NULL);
    cr_assert_eq(rc, 0, "as a thread: line %d: %s", rc, filch_error());
}

FILCH_TASK(int, write_all, (filch_process *, process))
{
    char *data = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (char)(i % 251);
    int rc = filch_process_write(process, data, BYTES, FILCH_FOREVER);
    filch_process_close_in(process);
    free(data);
    return rc;
}

static int read_back(filch_process *process)
{
    char block[3000];
    size_t got = 0;
    for (ssize_t n;
         (n = filch_read(filch_process_out(process), block, sizeof block, FILCH_FOREVER)) != 0;) {
        CLAIM(n > 0);
        for (ssize_t i = 0; i < n; i++, got++)
            CLAIM(block[i] == (char)(got % 251));
    }
    CLAIM(got == BYTES);
    return 0;
}

static int both_ways(filch_self self)
{
    filch_process *process = script("cat");
    FILCH_FORK(write_all, process);
    int line = read_back(process);
    FILCH_JOIN(int written, write_all);
    CLAIM(!line && !written);
    CLAIM(outcome_of(process) == 0);
    filch_process_destroy(process);
    return 0;
}

Test(process, large_data_flows_both_ways)
{
    everywhere(both_ways);
}

static int broken_pipe(filch_self self)
{
    static const char much[200000];
    filch_process *process = script("exec <&-; echo x; exec sleep 1000");
    char byte;
    CLAIM(filch_read(filch_process_out(process), &byte, 1, FILCH_FOREVER) == 1);
    CLAIM(filch_process_write(process, much, sizeof much, FILCH_FOREVER) == -EPIPE);
    filch_process_destroy(process);
    process = script("sleep 1000");
    CLAIM(filch_process_write(process, much, sizeof much, filch_in(5 * MS)) == -ETIMEDOUT);
    filch_process_destroy(process);
    return 0;
}

Test(process, nonreading_child_raises_no_signal)
{
    everywhere(broken_pipe);
}

static int files(filch_self self)
{
    int ends[2];
    char text[200] = "";
    const char *const argv[] = {"name", "-c", "cat; pwd; echo $A $B$HOME >&2; echo $0", NULL};
    const char *const environment[] = {"A=1", "B=2", NULL};
    filch_process *process;
    CLAIM(pipe2(ends, O_CLOEXEC) == 0);
    filch_process_config config = {.program = "/bin/sh",
                                   .argv = argv,
                                   .environment = environment,
                                   .directory = "/usr",
                                   .in = FILCH_PROCESS_NULL,
                                   .out = ends[1],
                                   .err = FILCH_PROCESS_TO_OUT};
    CLAIM(filch_process_spawn(&process, &config, FILCH_FOREVER) == 0);
    CLAIM(filch_process_out(process) == -1 && outcome_of(process) == 0);
    CLAIM(filch_process_pid(process) > 0);
    close(ends[1]);
    CLAIM(read(ends[0], text, sizeof text - 1) > 0 && !strcmp(text, "/usr\n1 2\nname\n"));
    close(ends[0]);
    filch_process_destroy(process);
    return 0;
}

Test(process, environment_directory_and_files_are_applied)
{
    everywhere(files);
}

Test(process, child_gets_clean_files_and_signals)
{
    sigset_t some;
    char text[1000];
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigprocmask(SIG_BLOCK, &some, NULL);
    signal(SIGHUP, SIG_IGN);
    start_spawner();
    int inherited = open("/dev/null", O_RDONLY), before = dup(inherited);
    filch_process *process =
        script("echo /proc/self/fd/*; exec grep -E 'Sig(Blk|Ign)' /proc/self/status");
    cr_assert_gt(read_output(process, text, sizeof text), 0);
    cr_assert_str_eq(text, "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n"
                           "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    filch_process_destroy(process);
    close(inherited);
    close(before);
}

/* ---- The end ---- */

static signpost waits;

FILCH_TASK(int, wait_for_it, (filch_process *, process))
{
    signpost_raise(&waits);
    return outcome_of(process);
}

/* With one worker the waiting task has to leave it to the other one. */
static int leaves_worker(filch_self self)
{
    filch_process *process = script("cat");
    waits = (signpost){0};
    FILCH_FORK(wait_for_it, process);
    FILCH_FORK(wait_for_it, process);
    filch_process *other = script("exit 5");
    CLAIM(outcome_of(other) == 5);
    filch_process_destroy(other);
    while (signpost_count(&waits) < 2)
        filch_yield(self);
    filch_process_close_in(process);
    FILCH_JOIN(int first, wait_for_it);
    FILCH_JOIN(int second, wait_for_it);
    CLAIM(first == 0 && second == 0);
    filch_process_destroy(process);
    return 0;
}

Test(process, waiting_task_frees_its_worker)
{
    everywhere(leaves_worker);
}

static int given_up(filch_self self)
{
    filch_context *context = NULL;
    filch_process *process = script("cat");
    filch_process_outcome outcome = {7, 7};
    CLAIM(filch_process_wait(process, &outcome, NULL, 0) == -ETIMEDOUT);
    CLAIM(filch_process_wait(process, &outcome, NULL, filch_in(2 * MS)) == -ETIMEDOUT);
    CLAIM(filch_process_wait(process, &outcome, NULL, -1) == -EINVAL);
    CLAIM(filch_context_create_until(&context, NULL, filch_in(2 * MS)) == 0);
    CLAIM(filch_process_wait(process, &outcome, context, 0) == -ETIMEDOUT);
    CLAIM(filch_process_wait(process, &outcome, context, FILCH_FOREVER) == -ETIMEDOUT);
    filch_context_release(context);
    CLAIM(filch_context_create(&context, NULL) == 0 && !filch_context_cancel(context, -EINTR));
    CLAIM(filch_process_wait(process, &outcome, context, FILCH_FOREVER) == -EINTR);
    CLAIM(outcome.status == 7 && outcome.signal == 7);
    filch_process_close_in(process);
    CLAIM(filch_context_wait(filch_process_context(process), FILCH_FOREVER) == -ESRCH);
    CLAIM(filch_process_wait(process, &outcome, context, 0) == 0);
    CLAIM(outcome.status == 0 && outcome.signal == 0);
    filch_context_release(context);
    filch_process_destroy(process);
    return 0;
}

Test(process, wait_ends_at_deadline_or_cancel)
{
    everywhere(given_up);
}

/* Starts a script that tells the pid of another process; returns a file of that. */
static filch_process *with_other(const char *text, int *other)
{
    char line[32] = "";
    filch_process *process = script(text);
    for (size_t i = 0; i < sizeof line - 1 && !strchr(line, '\n'); i++)
        if (filch_read(filch_process_out(process), line + i, 1, FILCH_FOREVER) != 1)
            filch_die("a script told no pid");
    *other = process_file(atol(line));
    return process;
}

static int killed(filch_self self)
{
    int other;
    filch_process *process = script("cat");
    CLAIM(filch_process_kill(process, 0) == -EINVAL && filch_process_kill(process, 65) == -EINVAL);
    CLAIM(filch_process_kill(process, SIGUSR1) == 0 && outcome_of(process) == -SIGUSR1);
    CLAIM(filch_process_kill_group(process, SIGUSR1) == -ESRCH);
    filch_process_destroy(process);
    process = with_other("sleep 1000 & echo $!; wait", &other);
    CLAIM(other >= 0); /* it runs until now */
    CLAIM(filch_process_kill_group(process, SIGTERM) == 0);
    CLAIM(outcome_of(process) == -SIGTERM);
    wait_for_end(other);
    filch_process_destroy(process);
    return 0;
}

Test(process, signals_reach_child_or_whole_group)
{
    everywhere(killed);
}

static int signalled_at_its_end(filch_self self)
{
    for (unsigned i = 0; i < 100; i++) {
        filch_process *process = script("echo; exit 3");
        char text[4];
        CLAIM(read_output(process, text, sizeof text) == 1); /* to the end: it is about to exit */
        filch_process_kill_group(process, SIGTERM);
        int outcome = outcome_of(process);
        CLAIM(outcome == 3 || outcome == -SIGTERM);
        filch_process_destroy(process);
    }
    return 0;
}

Test(process, late_signal_leaves_outcome_known)
{
    everywhere(signalled_at_its_end);
}

static int left_over(filch_self self)
{
    int other;
    filch_process *process = with_other("sleep 1000 & echo $!; exit 4", &other);
    CLAIM(outcome_of(process) == 4);
    wait_for_end(other);
    filch_process_destroy(process);
    process = with_other("sleep 1000 & echo $!; wait", &other);
    filch_context *context = filch_context_retain(filch_process_context(process));
    filch_process_destroy(process);
    wait_for_end(other);
    /* the timer thread may be about to tell that the child has ended */
    CLAIM(filch_context_wait(context, FILCH_FOREVER) == -ECANCELED);
    filch_context_release(context);
    return 0;
}

Test(process, group_ends_with_child_or_handle)
{
    everywhere(left_over);
}

/* ---- Many ---- */

enum { MANY = 200 };
static signpost all_ended;

static void one_of_many(filch_self self, void *arg)
{
    int *line = arg;
    filch_process *process;
    const char *const argv[] = {"true", NULL};
    *line = filch_process_spawn(&process, &(filch_process_config){.argv = argv}, FILCH_FOREVER);
    if (!*line) {
        *line = outcome_of(process);
        filch_process_destroy(process);
    }
    signpost_raise(&all_ended);
}

Test(process, two_hundred_children_all_end_well)
{
    int lines[MANY];
    filch_runtime *rt = NULL;
    start_spawner();
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    for (unsigned i = 0; i < MANY; i++)
        OK(filch_go(rt, one_of_many, &lines[i]));
    signpost_wait(&all_ended, MANY);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(lines[i], 0, "child %u: %d", i, lines[i]);
    OK(filch_runtime_destroy(rt));
}
