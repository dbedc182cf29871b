/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/process.h>

#include <filch/blocking.h>
#include <filch/select.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/find_program.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/spawner.h>
#include <runtime/platform/uncancelled.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/sync/cancellation.h>
#include <runtime/sync/process_start.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN, OUT, ERR };

/* ---- Life ---- */

static void let_go(filch_process *process)
{
    fl_lock(&process->lock);
    bool last = !--process->holders;
    fl_unlock(&process->lock);
    if (!last)
        return;
    filch_context_release(process->ended);
    free(process);
}

/* An order that came as the child ended, and was not read, resets the connection: that error comes
 * first, and the report behind it. */
static ssize_t receive(int from, fl_spawn_report *report)
{
    ssize_t size = recv(from, report, sizeof *report, MSG_DONTWAIT);
    return size < 0 && errno == ECONNRESET ? recv(from, report, sizeof *report, MSG_DONTWAIT)
                                           : size;
}

/* Called by the timer thread, or by filch_process_destroy as it closes `report`. */
static void told(fl_waiter *waiter)
{
    filch_process *process = (filch_process *)(void *)waiter;
    fl_spawn_report report = {0};
    int cause = -ECANCELED;
    fl_lock(&process->lock);
    if (process->report >= 0) { /* nobody else reads it, so there is something */
        cause = receive(process->report, &report) == sizeof report ? -ESRCH : -ECHILD;
    }
    process->status = report.value;
    process->over = true;
    fl_unlock(&process->lock);
    fl_outside_expected(-1);
    filch_context_cancel(process->ended, cause);
    let_go(process);
}

static int watch(filch_process *process)
{
    process->waiter = (fl_waiter){.told = told};
    process->node = (fl_node){.waiter = &process->waiter};
    fl_outside_expected(1);
    int rc = fl_watch_start(&process->node, process->report, POLLIN);
    if (rc)
        fl_outside_expected(-1);
    return rc;
}

static filch_process *create(void)
{
    filch_process *process = calloc(1, sizeof *process);
    if (process && filch_context_create(&process->ended, NULL)) {
        free(process);
        return NULL;
    }
    return process;
}

/* Takes the files that stay; the others are closed with `files`. */
static int adopt(filch_process *process, fl_process_files *files)
{
    process->owner = getpid();
    process->report = files->ours[FL_SPAWN_REPORT];
    for (int i = IN; i <= ERR; i++)
        process->ours[i] = files->ours[FL_SPAWN_IN + i];
    process->holders = 2;
    int rc = watch(process);
    for (int i = 0; i < FL_SPAWN_FILES && !rc; i++)
        if (i != FL_SPAWN_REQUEST)
            files->ours[i] = -1;
    return rc;
}

/* With a turn of the spawner. */
static int start(filch_process *process, const filch_process_config *config, int64_t until)
{
    fl_process_files files;
    int rc = fl_process_files_open(&files, config);
    if (!rc)
        rc = fl_process_start(&files, config, until, &process->pid);
    if (!rc)
        rc = adopt(process, &files);
    fl_process_files_close(&files);
    return rc;
}

static int spawn(filch_process **out, const filch_process_config *config, int64_t until)
{
    int rc = fl_spawner_begin(until);
    if (rc)
        return rc;
    filch_process *process = create();
    rc = process ? start(process, config, until)
                 : fl_fail(ENOMEM, "no memory to start %s; free some", fl_process_name(config));
    fl_spawner_end();
    if (!rc) {
        fl_life_begin(&process->life);
        *out = process;
    } else if (process) {
        filch_context_release(process->ended);
        free(process);
    }
    return rc;
}

/* A cancelled thread would leave files and memory behind. */
int filch_process_spawn(filch_process **out, const filch_process_config *config, int64_t until)
{
    FL_GIVEN(out);
    FL_GIVEN(config);
    if (!config->argv || !config->argv[0] || !*fl_process_name(config))
        return fl_fail(EINVAL, "filch_process_spawn without a program's name; give it config.argv "
                               "with a name, and NULL at its end");
    if (until < 0)
        return fl_fail(EINVAL,
                       "filch_process_spawn until %lld ns; give a time from filch_in(), or "
                       "FILCH_FOREVER",
                       (long long)until);
    int rc = fl_virtual_refuse("filch_process_spawn");
    if (rc)
        return rc;
    bool is_thread = !fl_worker_here();
    int was = is_thread ? fl_cancel_hold() : 0;
    rc = spawn(out, config, until);
    if (is_thread)
        fl_cancel_release(was);
    return rc;
}

/* Under the lock. The group's other processes may outlive the child for a moment. */
static int order(const filch_process *process, int signal, bool group)
{
    fl_spawn_order one = {signal, group};
    return send(process->report, &one, sizeof one, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

void filch_process_destroy(filch_process *process)
{
    FL_MAY_LIVE(process);
    if (!process || process->owner != getpid())
        return;
    fl_life_end(&process->life);
    fl_lock(&process->lock);
    int report = process->report;
    if (!process->over) /* a process forked from this one may have `report`, too */
        order(process, SIGKILL, true);
    process->report = -1;
    fl_unlock(&process->lock);
    filch_fd_close(report);
    for (int i = IN; i <= ERR; i++)
        if (process->ours[i] >= 0)
            filch_fd_close(process->ours[i]);
    let_go(process);
}

/* ---- Its input and output ---- */

/* SIGPIPE comes to the writing thread, which can take it back. */
__attribute__((noinline)) static ssize_t try_write(int fd, const void *data, size_t size)
{
    static const struct timespec now;
    sigset_t broken_pipe, before, pending;
    int cancel = fl_cancel_hold();
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    sigpending(&pending);
    ssize_t rc = write(fd, data, size);
    if (rc < 0) {
        rc = -errno;
        if (rc == -EPIPE && !sigismember(&pending, SIGPIPE))
            sigtimedwait(&broken_pipe, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    fl_cancel_release(cancel);
    return rc;
}

int filch_process_write(filch_process *process, const void *data, size_t size, int64_t until)
{
    FL_ALIVE(process);
    if (!data && size)
        return fl_fail(EINVAL, "filch_process_write of %zu bytes without data; give it some", size);
    const char *at = data;
    while (size) {
        ssize_t n = try_write(process->ours[IN], at, size);
        int ready = 0;
        if (n == -EAGAIN)
            ready = fl_wait_fd("filch_process_write", process->ours[IN], POLLOUT, until);
        else if (n < 0 && n != -EINTR)
            return n == -EPIPE ? fl_plainly(-EPIPE)
                               : fl_fail((int)-n, "standard input of process %d: %s; is it a pipe?",
                                         (int)process->pid, strerror((int)-n));
        if (ready < 0)
            return ready;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

void filch_process_close_in(filch_process *process)
{
    FL_MAY_LIVE(process);
    if (!process || process->ours[IN] < 0)
        return;
    filch_fd_close(process->ours[IN]);
    process->ours[IN] = -1;
}

int filch_process_in(const filch_process *process)
{
    FL_ALIVE(process);
    return process->ours[IN];
}

int filch_process_out(const filch_process *process)
{
    FL_ALIVE(process);
    return process->ours[OUT];
}

int filch_process_err(const filch_process *process)
{
    FL_ALIVE(process);
    return process->ours[ERR];
}

/* ---- Its end ---- */

static int wait_for_either(filch_process *process, filch_context *context, int64_t until)
{
    filch_case cases[] = {FILCH_DONE(process->ended), FILCH_DONE(context), FILCH_UNTIL(until)};
    int which = filch_select(cases, 3);
    return which <= 0 ? which : which == 1 ? fl_refused_by(cases[1].code) : fl_plainly(-ETIMEDOUT);
}

int filch_process_wait(filch_process *process, filch_process_outcome *outcome,
                       filch_context *context, int64_t until)
{
    FL_ALIVE(process);
    int rc = context ? wait_for_either(process, context, until)
                     : fl_context_wait("filch_process_wait", process->ended, until);
    int cause = filch_context_cause(process->ended), status = process->status;
    if (!cause)
        return rc;
    if (cause != -ESRCH)
        return fl_fail(-cause,
                       "the outcome of process %d is unknown: the spawner has died; call "
                       "filch_spawner_start again",
                       (int)process->pid);
    if (outcome)
        *outcome = WIFEXITED(status) ? (filch_process_outcome){WEXITSTATUS(status), 0}
                                     : (filch_process_outcome){-1, WTERMSIG(status)};
    return 0;
}

filch_context *filch_process_context(const filch_process *process)
{
    FL_MUST_LIVE(process);
    return process->ended;
}

static int send_signal(filch_process *process, int signal, bool group)
{
    if (!process || signal < 1 || signal >= NSIG)
        return fl_fail(EINVAL, "no process to get signal %d; give both", signal);
    fl_lock(&process->lock);
    int error = process->over ? ESRCH : order(process, signal, group);
    fl_unlock(&process->lock);
    if (error == ECONNRESET)
        error = EPIPE;
    return error ? fl_fail(error, "no signal %d to process %d: %s", signal, (int)process->pid,
                           error == ESRCH   ? "it has ended; wait for its outcome"
                           : error == EPIPE ? "the spawner has died; call filch_spawner_start again"
                                            : "the spawner accepts no requests; is it stopped?")
                 : 0;
}

int filch_process_kill(filch_process *process, int signal)
{
    FL_ALIVE(process);
    return send_signal(process, signal, false);
}

int filch_process_kill_group(filch_process *process, int signal)
{
    FL_ALIVE(process);
    return send_signal(process, signal, true);
}

pid_t filch_process_pid(const filch_process *process)
{
    FL_MUST_LIVE(process);
    return process->pid;
}

/* ---- Files ---- */

static int refuse(const char *what, const char *name, int error)
{
    return fl_fail(error, "%s \"%s\": %s; %s", what, name, strerror(error),
                   error == EMFILE || error == ENFILE ? "close some files" : "check its path");
}

static int do_not_block(int fd)
{
    return fcntl(fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

/* Both ends are open; the caller's must not block. */
static int keep(fl_process_files *files, int which, int child, int ours)
{
    files->child[which] = child;
    files->ours[which] = ours;
    return do_not_block(ours);
}

static int open_socket(fl_process_files *files, int which, int type)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends))
        return -errno;
    return keep(files, which, ends[0], ends[1]);
}

static int open_pipe(fl_process_files *files, int which)
{
    int ends[2], child = which == FL_SPAWN_IN ? 0 : 1;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    return keep(files, which, ends[child], ends[!child]);
}

static int open_null(fl_process_files *files, int which)
{
    files->child[which] = open("/dev/null", O_RDWR | O_CLOEXEC);
    return files->child[which] < 0 ? -errno : 0;
}

static int borrow(fl_process_files *files, int which, int fd)
{
    files->borrowed[which] = true;
    files->child[which] = fd;
    return fcntl(fd, F_GETFD) < 0 ? -errno : 0;
}

/* `from`: as in filch_process_config. */
static int open_standard(fl_process_files *files, int which, int from)
{
    static const char *const names[] = {"input", "output", "error"};
    int number = which - FL_SPAWN_IN, rc = -EINVAL;
    if (from == FILCH_PROCESS_PIPE)
        rc = open_pipe(files, which);
    else if (from == FILCH_PROCESS_NULL)
        rc = open_null(files, which);
    else if (from == FILCH_PROCESS_TO_OUT && which == FL_SPAWN_ERR)
        rc = borrow(files, which, files->child[FL_SPAWN_OUT]);
    else if (from >= 0)
        rc = borrow(files, which, from ? from : number);
    return rc ? fl_fail(-rc,
                        "standard %s of a child, %d: %s; give it an open file, 0, or "
                        "FILCH_PROCESS_PIPE or _NULL",
                        names[number], from, strerror(-rc))
              : 0;
}

int fl_process_files_open(fl_process_files *files, const filch_process_config *config)
{
    const char *directory = config->directory ? config->directory : ".";
    for (int i = 0; i < FL_SPAWN_FILES; i++) {
        files->child[i] = files->ours[i] = -1;
        files->borrowed[i] = false;
    }
    files->child[FL_SPAWN_DIRECTORY] = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (files->child[FL_SPAWN_DIRECTORY] < 0)
        return refuse("no such directory for a child:", directory, errno);
    int rc = open_socket(files, FL_SPAWN_REPORT, SOCK_SEQPACKET);
    if (!rc)
        rc = open_socket(files, FL_SPAWN_REQUEST, SOCK_STREAM);
    if (rc)
        return refuse("no files to start", fl_process_name(config), -rc);
    rc = open_standard(files, FL_SPAWN_IN, config->in);
    if (!rc)
        rc = open_standard(files, FL_SPAWN_OUT, config->out);
    return rc ? rc : open_standard(files, FL_SPAWN_ERR, config->err);
}

void fl_process_files_close_child(fl_process_files *files)
{
    for (int i = 0; i < FL_SPAWN_FILES; i++) {
        if (files->child[i] >= 0 && !files->borrowed[i])
            close(files->child[i]);
        files->child[i] = -1;
    }
}

void fl_process_files_close(fl_process_files *files)
{
    fl_process_files_close_child(files);
    for (int i = 0; i < FL_SPAWN_FILES; i++)
        if (files->ours[i] >= 0)
            filch_fd_close(files->ours[i]);
}

/* ---- Requests ---- */

/* The request that a child reads: its program's path, arguments and environment. */

/* Returns its path, to be freed. Negative errno through fl_fail. */
static int find_program(char **out, const char *name)
{
    int error = fl_program_find(out, name);
    return !error            ? 0
           : error == ENOMEM ? fl_fail(ENOMEM, "no memory to start %s; free some", name)
                             : fl_fail(error,
                                       "cannot run \"%s\", which is in no folder of PATH: %s; give "
                                       "its path",
                                       name, strerror(error));
}

static uint32_t count_of(const char *const *list, uint64_t *size)
{
    uint32_t count = 0;
    for (; list[count]; count++)
        *size += strlen(list[count]) + 1;
    return count;
}

static char *put(char *to, const char *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to = stpcpy(to, list[i]) + 1;
    return to;
}

static int write_request(void **out, size_t *size, const char *path,
                         const filch_process_config *config)
{
    static const char *const none[] = {NULL};
    const char *const *variables = config->environment;
    if (!variables)
        variables = environ ? (const char *const *)environ : none;
    fl_spawn_request head = {.size = strlen(path) + 1};
    head.arguments = count_of(config->argv, &head.size);
    head.variables = count_of(variables, &head.size);
    *size = sizeof head + head.size;
    char *all = malloc(*size);
    if (!all)
        return fl_fail(ENOMEM, "no memory to start %s; free some", path);
    memcpy(all, &head, sizeof head);
    char *rest = put(all + sizeof head, &path, 1);
    put(put(rest, config->argv, head.arguments), variables, head.variables);
    *out = all;
    return 0;
}

int fl_process_request(void **out, size_t *size, const filch_process_config *config)
{
    char *path = NULL;
    int rc = find_program(&path, fl_process_name(config));
    if (!rc)
        rc = write_request(out, size, path, config);
    free(path);
    return rc;
}
