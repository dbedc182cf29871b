/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/spawner.h>

#include <filch/process.h>
#include <filch/sync.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/spawner.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
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
                           "no process that starts others: %s; raise the limits of processes and "
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
