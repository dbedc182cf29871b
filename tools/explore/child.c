/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tools/shared/clock.h>
#include <unistd.h>

enum { PATH = 64 };

/* ---- Start ---- */

/* A file without a name, which the child finds under its number. */
static int file_create(void)
{
    return memfd_create("filch explore", 0);
}

static int write_replay(run *r)
{
    r->replayed = file_create();
    if (r->replayed < 0)
        return -errno;
    int copy = dup(r->replayed);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    int rc = out ? schedule_write(r->order.replay, out) : -errno;
    return (out && fclose(out)) ? -EIO : rc;
}

/* In the child. Returns an errno: it is not the program that runs. */
static int become(const run *r, const explore_options *o, int output)
{
    char replay[PATH], record[PATH];
    const int input = open("/dev/null", O_RDONLY);
    snprintf(replay, sizeof replay, "/proc/self/fd/%d", r->replayed);
    snprintf(record, sizeof record, "/proc/self/fd/%d", r->record);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    personality(ADDR_NO_RANDOMIZE); /* may be forbidden; most failures do not need it */
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        return errno;
    if (run_set_variables(&r->order, r->order.replay ? replay : NULL, record))
        return ENOMEM;
    execv(o->path, o->program);
    return errno;
}

/* Returns 0 when the program runs, or the errno of its child. Closed by a successful exec, the pipe
 * has nothing to say. */
static int fork_child(run *r, const explore_options *o, int output)
{
    int said[2], error = 0;
    if (pipe2(said, O_CLOEXEC))
        return errno;
    r->pid = fork();
    if (r->pid == 0) {
        error = become(r, o, output);
        _exit(write(said[1], &error, sizeof error) == (ssize_t)sizeof error ? 126 : 127);
    }
    if (r->pid < 0)
        error = errno;
    close(said[1]);
    if (!error && read(said[0], &error, sizeof error) > 0) {
        waitpid(r->pid, NULL, 0);
        r->pid = 0;
    }
    close(said[0]);
    return error;
}

static int start(run *r, const explore_options *o)
{
    int ends[2];
    int rc = r->order.replay ? write_replay(r) : 0;
    r->record = file_create();
    r->text = malloc(RUN_TEXT);
    if (rc || r->record < 0 || !r->text)
        return rc ? rc : r->record < 0 ? -errno : -ENOMEM;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    r->output = ends[0];
    rc = -fork_child(r, o, ends[1]);
    close(ends[1]);
    if (rc)
        return rc;
    fcntl(r->output, F_SETFL, O_NONBLOCK);
    r->process = (int)syscall(SYS_pidfd_open, r->pid, 0);
    r->deadline = seconds_of(CLOCK_MONOTONIC) + r->order.timeout;
    return r->process < 0 ? -errno : 0;
}

int run_start(run *r, const explore_options *o, const run_order *order)
{
    *r = (run)RUN_NONE;
    r->order = *order;
    int rc = start(r, o);
    if (rc) {
        fprintf(stderr, "filch explore: the program '%s' cannot be run: %s\n", o->program[0],
                strerror(-rc));
        run_free(r);
    }
    return rc;
}

/* ---- End ---- */

/* Takes the output that is there. Of more than there is room for, the end remains. */
static void drain(run *r)
{
    ssize_t got;
    do {
        if (r->length == RUN_TEXT) {
            memmove(r->text, r->text + RUN_TEXT / 2, RUN_TEXT / 2);
            r->length = RUN_TEXT / 2;
        }
        got = read(r->output, r->text + r->length, RUN_TEXT - r->length);
        r->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (got == 0) { /* it has closed its output, and may go on */
        close(r->output);
        r->output = -1;
    }
}

static enum run_end end_of(run *r, int status, bool late)
{
    if (schedule_read(&r->schedule, r->record))
        return late ? RUN_TIMED_OUT : RUN_NO_RUNTIME;
    if (r->schedule.header.ended == FL_SCHEDULE_DEADLOCK)
        return RUN_DEADLOCK;
    if (r->schedule.header.ended == FL_SCHEDULE_NO_PROGRESS)
        return RUN_NO_PROGRESS;
    if (late)
        return RUN_TIMED_OUT;
    r->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return WIFSIGNALED(status) ? RUN_SIGNALLED : r->code ? RUN_EXITED : RUN_PASSED;
}

static void finish(run *r, bool late)
{
    int status = 0;
    kill(-r->pid, SIGKILL); /* it, if it is late, and children that outlive it */
    waitpid(r->pid, &status, 0);
    if (r->output >= 0)
        drain(r);
    r->pid = 0;
    r->end = end_of(r, status, late);
    if (r->end == RUN_SIGNALLED)
        r->end = run_told_end(r);
}

/* ms until the first deadline, at least 0. */
static int left_until(double deadline)
{
    double left = deadline - seconds_of(CLOCK_MONOTONIC);
    return left <= 0 ? 0 : (int)(left * 1000) + 1;
}

/* Returns one that has ended or is late now; NULL: none yet. */
static run *look(run *const *runs, unsigned count, const struct pollfd *files)
{
    const double now = seconds_of(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < count; i++) {
        run *r = runs[i];
        if (!r)
            continue;
        if (files[2 * i + 1].revents)
            drain(r);
        const bool ended = files[2 * i].revents;
        if (!ended && now < r->deadline)
            continue;
        finish(r, !ended);
        return r;
    }
    return NULL;
}

run *run_wait(run *const *runs, unsigned count)
{
    struct pollfd files[2 * EXPLORE_JOBS];
    for (;;) {
        double first = 0;
        for (unsigned i = 0; i < count; i++) {
            const run *r = runs[i];
            files[2 * i] = (struct pollfd){.fd = r ? r->process : -1, .events = POLLIN};
            files[2 * i + 1] = (struct pollfd){.fd = r ? r->output : -1, .events = POLLIN};
            if (r && (first == 0 || r->deadline < first))
                first = r->deadline;
        }
        if (poll(files, 2 * count, left_until(first)) < 0)
            continue;
        run *ended = look(runs, count, files);
        if (ended)
            return ended;
    }
}

int run_whole(run *r, const explore_options *o, const run_order *order)
{
    int rc = run_start(r, o, order);
    if (!rc)
        run_wait(&r, 1);
    return rc;
}

void run_free(run *r)
{
    if (r->pid > 0)
        finish(r, true);
    const int files[] = {r->process, r->output, r->record, r->replayed};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    schedule_free(&r->schedule);
    free(r->text);
    *r = (run)RUN_NONE;
}
