/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/process_start.h>

#include <filch/blocking.h>
#include <filch/process.h>
#include <filch/sync.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/spawner.h>
#include <runtime/sync/process.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whose rights children have. */
typedef struct identity {
    uid_t user[3];
    gid_t group[3];
} identity;

static struct {
    filch_u32 lock; /* guards what follows */
    int socket;     /* -1: none was started */
    pid_t pid;
    identity started_by;
    bool has_turns;
    filch_semaphore turns;
} spawner = {.socket = -1};

static identity identity_now(void)
{
    identity now;
    getresuid(&now.user[0], &now.user[1], &now.user[2]);
    getresgid(&now.group[0], &now.group[1], &now.group[2]);
    return now;
}

/* ---- fork() ---- */

static void before_fork(void)
{
    fl_lock(&spawner.lock);
}
static void after_fork(void)
{
    fl_unlock(&spawner.lock);
}
/* In the child: the spawner is its parent's. */
static void forget(void)
{
    if (spawner.socket >= 0)
        close(spawner.socket);
    spawner.socket = -1;
    spawner.has_turns = false; /* its threads may have some, or wait for them */
    after_fork();
}

/* Before any thread can hold the lock, or a child that is forked meanwhile would never get it. */
static int not_hooked;
__attribute__((constructor)) static void hook(void)
{
    not_hooked = pthread_atfork(before_fork, after_fork, forget);
}

/* ---- Starting it; under the lock ---- */

static bool is_alive(void)
{
    struct pollfd end = {.fd = spawner.socket};
    return spawner.socket >= 0 && poll(&end, 1, 0) == 0;
}

/* No handler of a signal may run in the clone. */
static pid_t clone_silently(int socket, int null)
{
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    pid_t pid = fl_spawner_clone(socket, null);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static void bury(void)
{
    if (spawner.socket < 0)
        return;
    close(spawner.socket);
    spawner.socket = -1;
    waitpid(spawner.pid, NULL, __WALL | WNOHANG);
}

/* Returns an errno, or 0; so does the next. */
static int start_with(int null)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return errno;
    pid_t pid = clone_silently(ends[1], null);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -pid;
    }
    spawner.socket = ends[0];
    spawner.pid = pid;
    spawner.started_by = identity_now();
    if (!spawner.has_turns)
        filch_semaphore_init(&spawner.turns, FL_SPAWNER_TURNS);
    spawner.has_turns = true;
    return 0;
}

static int start(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return errno;
    int error = start_with(null);
    close(null);
    return error;
}

int filch_spawner_start(void)
{
    fl_lock(&spawner.lock);
    int error = not_hooked;
    if (!error && !is_alive()) {
        bury();
        error = start();
    }
    fl_unlock(&spawner.lock);
    return error ? fl_fail(error,
                           "cannot start the spawner: %s; raise the limits of processes and "
                           "open files, or free some memory",
                           strerror(error))
                 : 0;
}

/* ---- For processes ---- */

static int check(void)
{
    identity now = identity_now();
    fl_lock(&spawner.lock);
    bool started = spawner.socket >= 0;
    bool same = !memcmp(&now, &spawner.started_by, sizeof now);
    fl_unlock(&spawner.lock);
    if (!started)
        return fl_fail(ENOTCONN, "this process has no spawner; call filch_spawner_start first in "
                                 "main, before the first thread");
    return same ? 0
                : fl_fail(EPERM, "the user or group has changed since filch_spawner_start, and "
                                 "children would have the former rights; call it after the change");
}

int fl_spawner_begin(int64_t until)
{
    int rc = check();
    return rc ? rc : filch_semaphore_acquire_until(&spawner.turns, 1, until);
}

void fl_spawner_end(void)
{
    filch_semaphore_give_back(&spawner.turns, 1);
}

/* Under the lock. Returns an errno, or 0. */
static int send_files(const int *files)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(FL_SPAWN_FILES * sizeof(int))];
    } control = {.space = {0}};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr packet = {.msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    control.head.cmsg_len = CMSG_LEN(FL_SPAWN_FILES * sizeof(int));
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.head), files, FL_SPAWN_FILES * sizeof(int));
    return sendmsg(spawner.socket, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

static int has_died(void)
{
    return fl_fail(EPIPE, "the spawner has died; call filch_spawner_start again");
}

int fl_spawner_send(const int *files)
{
    fl_lock(&spawner.lock);
    int error = send_files(files);
    fl_unlock(&spawner.lock);
    if (error == EPIPE || error == ECONNRESET)
        return has_died();
    return error ? fl_fail(error, "the spawner cannot be reached: %s; close some files",
                           strerror(error))
                 : 0;
}

int fl_spawner_closed(void)
{
    fl_lock(&spawner.lock);
    bool alive = is_alive();
    fl_unlock(&spawner.lock);
    return alive ? fl_fail(EMFILE, "the spawner has no room for files; raise the limit of open "
                                   "files before filch_spawner_start")
                 : has_died();
}

/* ---- The start ---- */

/* One child's start: runtime/platform/spawner.h tells its course. Calls that look at errno stand
 * in functions of their own, out of line, as in runtime/sync/wait_fd.c. */

__attribute__((noinline)) static ssize_t try_send(int fd, const void *data, size_t size)
{
    ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

__attribute__((noinline)) static ssize_t try_receive(int fd, void *data, size_t size)
{
    ssize_t n = recv(fd, data, size, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

static int wait_for(int fd, int events, int64_t until)
{
    int ready = fl_wait_fd("filch_process_spawn", fd, events, until);
    return ready < 0 ? ready : 0;
}

/* Returns 0 also when nobody reads it: the answer says why. */
static int send_request(int fd, const char *request, size_t size, int64_t until)
{
    int rc = 0;
    while (size && !rc) {
        ssize_t n = try_send(fd, request, size);
        if (n == -EAGAIN)
            rc = wait_for(fd, POLLOUT, until);
        else if (n < 0 && n != -EINTR)
            return 0;
        request += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return rc;
}

/* Reads one message. Returns 1; 0: the other end is closed; or an error of the wait. */
static int receive(int fd, void *message, size_t size, int64_t until)
{
    int rc = 0;
    while (!rc) {
        ssize_t n = try_receive(fd, message, size);
        if (n == -EAGAIN)
            rc = wait_for(fd, POLLIN, until);
        else if (n != -EINTR)
            return n == (ssize_t)size;
    }
    return rc;
}

/* The child tells the step that failed. */
static int report_failure(const filch_process_config *config, const fl_spawn_failure *failure)
{
    static const char *const remedies[] = {
        [FL_SPAWN_AT_REQUEST] = "it could not read its request; free some memory",
        [FL_SPAWN_AT_FILES] = "it could not use its files; close some",
        [FL_SPAWN_AT_DIRECTORY] = "it may not enter its directory; check the rights",
        [FL_SPAWN_AT_EXEC] = "check its path, its rights and its format",
    };
    return fl_fail(failure->error, "cannot run \"%s\": %s; %s", fl_process_name(config),
                   strerror(failure->error), remedies[failure->step]);
}

/* Reads the spawner's answer. */
static int hear_spawner(int fd, const filch_process_config *config, int64_t until, pid_t *pid)
{
    fl_spawn_report report;
    int rc = receive(fd, &report, sizeof report, until);
    if (rc <= 0)
        return rc ? rc : fl_spawner_closed();
    *pid = report.value;
    return report.event == FL_SPAWN_STARTED
               ? 0
               : fl_fail(report.value,
                         "no process for \"%s\": %s; raise the limits of processes and open files, "
                         "or free some memory",
                         fl_process_name(config), strerror(report.value));
}

int fl_process_start(fl_process_files *files, const filch_process_config *config, int64_t until,
                     pid_t *pid)
{
    void *request = NULL;
    size_t size = 0;
    int fd = files->ours[FL_SPAWN_REQUEST];
    fl_spawn_failure failure;
    int rc = fl_process_request(&request, &size, config);
    if (!rc)
        rc = fl_spawner_send(files->child);
    fl_process_files_close_child(files); /* or its end of `request` would never be closed */
    if (!rc)
        rc = send_request(fd, request, size, until);
    free(request);
    if (rc)
        return rc;
    int failed = receive(fd, &failure, sizeof failure, until);
    if (failed < 0)
        return failed;
    rc = hear_spawner(files->ours[FL_SPAWN_REPORT], config, until, pid);
    return rc || !failed ? rc : report_failure(config, &failure);
}
