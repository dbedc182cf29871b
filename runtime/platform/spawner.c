/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The spawner's own process. Its files: 0 to 2 are /dev/null, 3 is the socket to its parent; then
 * an epoll, signals, its parent, and `report` of each child. */
#include <runtime/platform/spawner.h>

#include <runtime/platform/uncancelled.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* System calls past libc and the sanitizers' interceptors. */
#define FL_CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)

/* The kernel's set of signals, which is smaller than libc's. */
enum { KERNEL_SIGNALS = _NSIG / 8 };

/* A process like the calling one; `signal`: its parent gets it at its end. As fork(), but runs no
 * handlers of pthread_atfork. */
static inline long call_clone(int signal)
{
    return FL_CALL(clone, signal, NULL, NULL, NULL, NULL);
}

enum { SOCKET = 3, EVENTS = 64 };
/* Data of epoll events; all others: the pid of the child. */
static const uint64_t of_socket = UINT64_MAX, of_other = UINT64_MAX - 1;

/* The spawner's; its parent never touches it. */
static struct {
    pid_t parent, self;
    int epoll, signals;
    int look; /* at the parent, every so many ms; -1: the epoll reports its end */
    unsigned count;
    struct child {
        pid_t pid;
        int report; /* -1: the parent has closed its end */
    } child[FL_SPAWN_MOST];
} all;

static struct child *find(pid_t pid)
{
    for (unsigned i = 0; i < all.count; i++)
        if (all.child[i].pid == pid)
            return &all.child[i];
    return NULL;
}

static void report_to(int report, int event, int value)
{
    fl_spawn_report one = {event, value};
    FL_CALL(sendto, report, &one, sizeof one, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

/* ---- Its end ---- */

/* /proc shows this namespace's processes. */
static bool proc_is_ours(void)
{
    char text[16];
    long size = FL_CALL(readlinkat, AT_FDCWD, "/proc/self", text, sizeof text), pid = 0;
    for (long i = 0; i < size; i++)
        pid = 10 * pid + text[i] - '0';
    return pid == all.self;
}

/* Kills the processes whose pids are in the list, with spaces after them. */
static void kill_list(int list)
{
    char text[4096];
    pid_t pid = 0;
    for (long size; (size = FL_CALL(read, list, text, sizeof text)) > 0;)
        for (long i = 0; i < size; i++) {
            if (text[i] != ' ') {
                pid = 10 * pid + text[i] - '0';
            } else {
                FL_CALL(kill, pid, SIGKILL);
                pid = 0;
            }
        }
}

/* Also those that were inherited. false: the kernel does not list them. */
static bool kill_children(void)
{
    int list = -1;
    if (proc_is_ours())
        list = (int)FL_CALL(openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (list < 0)
        return false;
    kill_list(list);
    FL_CALL(close, list);
    return true;
}

static void forget(struct child *one)
{
    if (one->report >= 0)
        FL_CALL(close, one->report);
    *one = all.child[--all.count];
}

static void kill_group(pid_t pid, int signal)
{
    FL_CALL(kill, pid, signal); /* it may have no group of its own yet */
    FL_CALL(kill, -pid, signal);
}

/* A process that dies leaves its own children to the spawner before it can be reaped. So when none
 * is left, none of the descendants is. */
FILCH_NORETURN static void end(void)
{
    for (unsigned i = 0; i < all.count; i++)
        kill_group(all.child[i].pid, SIGKILL);
    for (;;) {
        bool listed = kill_children();
        pid_t pid = listed || all.count ? (pid_t)FL_CALL(wait4, -1, NULL, 0, NULL) : -1;
        if (pid < 0)
            _exit(0);
        struct child *one = find(pid);
        if (one)
            forget(one);
    }
}

/* ---- Events ---- */

/* Reaps those that have ended, also inherited ones. */
static void reap(void)
{
    for (;;) {
        siginfo_t info;
        int status = 0;
        info.si_pid = 0;
        if (FL_CALL(waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, NULL) || !info.si_pid)
            return;
        struct child *one = find(info.si_pid);
        if (one)
            FL_CALL(kill, -info.si_pid, SIGKILL);
        FL_CALL(wait4, info.si_pid, &status, 0, NULL);
        if (one) {
            report_to(one->report, FL_SPAWN_ENDED, status);
            forget(one);
        }
    }
}

static void take_order(struct child *one)
{
    fl_spawn_order order;
    long size = FL_CALL(recvfrom, one->report, &order, sizeof order, MSG_DONTWAIT, NULL, NULL);
    if (size == sizeof order) {
        FL_CALL(kill, order.group ? -one->pid : one->pid, order.signal);
    } else if (size == 0 || errno != EAGAIN) { /* EAGAIN: the event was of another with its pid */
        kill_group(one->pid, SIGKILL);
        FL_CALL(close, one->report);
        one->report = -1;
    }
}

static int watch(int fd, uint64_t whose)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = whose};
    return (int)FL_CALL(epoll_ctl, all.epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Keeps `report`. Returns an errno, or 0. */
static int start(const int *files)
{
    if (all.count == FL_SPAWN_MOST)
        return EAGAIN;
    pid_t pid = (pid_t)call_clone(SIGCHLD);
    if (pid == 0)
        fl_spawner_exec(files, all.self);
    if (pid < 0)
        return errno;
    if (watch(files[FL_SPAWN_REPORT], (uint64_t)pid)) {
        int error = errno;
        FL_CALL(kill, pid, SIGKILL); /* it has had no chance to start others */
        return error;
    }
    all.child[all.count++] = (struct child){pid, files[FL_SPAWN_REPORT]};
    report_to(files[FL_SPAWN_REPORT], FL_SPAWN_STARTED, pid);
    return 0;
}

/* Some files are missing if there was no room for more. */
static void take_files(const int *files, unsigned count)
{
    int error = count == FL_SPAWN_FILES ? start(files) : EMFILE;
    if (error && count)
        report_to(files[FL_SPAWN_REPORT], FL_SPAWN_REFUSED, error);
    for (unsigned i = 0; i < count; i++)
        if (error || i != FL_SPAWN_REPORT)
            FL_CALL(close, files[i]);
}

static void take_packet(void)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(FL_SPAWN_FILES * sizeof(int))];
    } control;
    char byte;
    struct iovec data = {&byte, 1};
    struct msghdr packet = {.msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    long size = FL_CALL(recvmsg, SOCKET, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size == 0 || (size < 0 && errno == ECONNRESET))
        end();
    const struct cmsghdr *head = size < 0 ? NULL : CMSG_FIRSTHDR(&packet);
    if (head)
        take_files((const int *)(const void *)CMSG_DATA(head),
                   (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int)));
}

static void take_event(uint64_t whose)
{
    struct child *one = NULL;
    if (whose == of_socket)
        take_packet();
    else if (whose != of_other)
        one = find((pid_t)whose);
    if (one && one->report >= 0)
        take_order(one);
}

FILCH_NORETURN static void serve(void)
{
    struct epoll_event events[EVENTS];
    char news[128]; /* a struct signalfd_siginfo */
    for (;;) {
        if (FL_CALL(getppid, 0) != all.parent)
            end();
        long count = FL_CALL(epoll_pwait, all.epoll, events, EVENTS, all.look, NULL, 0);
        while (FL_CALL(read, all.signals, news, sizeof news) > 0) {
        }
        reap();
        for (long i = 0; i < count; i++)
            take_event(events[i].data.u64);
    }
}

/* ---- Its beginning ---- */

/* close_range came with Linux 5.9. */
static void close_from(unsigned first)
{
    struct rlimit most = {1024, 1024};
    if (!FL_CALL(close_range, first, ~0u, 0))
        return;
    FL_CALL(prlimit64, 0, RLIMIT_NOFILE, NULL, &most);
    for (unsigned fd = first; fd < most.rlim_cur && fd < 65536; fd++)
        FL_CALL(close, fd);
}

/* false: the limit of open files is too low. */
static bool place_files(int socket, int null)
{
    enum { BEYOND = 10 };
    socket = (int)FL_CALL(fcntl, socket, F_DUPFD_CLOEXEC, BEYOND);
    null = (int)FL_CALL(fcntl, null, F_DUPFD_CLOEXEC, BEYOND);
    for (int fd = 0; fd < SOCKET; fd++)
        if (FL_CALL(dup3, null, fd, 0) < 0)
            return false;
    if (FL_CALL(dup3, socket, SOCKET, O_CLOEXEC) < 0)
        return false;
    close_from(SOCKET + 1);
    return true;
}

/* No handler of its parent's runs here; children inherit that. */
static void forget_handlers(void)
{
    static const uint64_t by_default[8]; /* the kernel's struct sigaction */
    for (int signal = 1; signal < _NSIG; signal++)
        FL_CALL(rt_sigaction, signal, by_default, NULL, KERNEL_SIGNALS);
}

/* Without pidfd (Linux 5.3) it looks at its parent once a second; the socket usually tells it
 * before. */
static bool watch_all(void)
{
    uint64_t ended[2] = {UINT64_C(1) << (SIGCHLD - 1), 0};
    all.epoll = (int)FL_CALL(epoll_create1, EPOLL_CLOEXEC);
    all.signals = (int)FL_CALL(signalfd4, -1, ended, KERNEL_SIGNALS, O_CLOEXEC | O_NONBLOCK);
    int parent = (int)FL_CALL(pidfd_open, all.parent, 0);
    all.look = parent < 0 || watch(parent, of_other) ? 1000 : -1;
    return !watch(SOCKET, of_socket) && !watch(all.signals, of_other);
}

/* Without files or memory it ends at once, and its parent finds the socket closed. */
FILCH_NORETURN static void live(pid_t parent, int socket, int null)
{
    all.parent = parent;
    all.self = (pid_t)FL_CALL(getpid, 0);
    if (!place_files(socket, null))
        _exit(1);
    forget_handlers();
    FL_CALL(setsid, 0);
    FL_CALL(chdir, "/");
    FL_CALL(prctl, PR_SET_NAME, "filch/spawner", 0, 0, 0);
    FL_CALL(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (!watch_all())
        _exit(1);
    serve();
}

/* A clone that ends without a signal is not seen by waitpid(-1). QEMU cannot emulate it. */
pid_t fl_spawner_clone(int socket, int null)
{
    pid_t parent = getpid();
    int was = fl_cancel_hold(); /* copied, too */
    long pid = call_clone(0);
    if (pid < 0 && errno == EINVAL)
        pid = call_clone(SIGCHLD);
    if (pid == 0)
        live(parent, socket, null);
    int error = errno;
    fl_cancel_release(was);
    return pid < 0 ? -error : (pid_t)pid;
}

/* ---- The program ---- */

/* A child, from its clone to its exec. All files of the spawner are close-on-exec, and 0, 1 and 2
 * are taken in it, so no received file is one of these. */

/* The strings of a request, and pointers to them before these. */
typedef struct image {
    char *program, **arguments, **environment;
} image;

FILCH_NORETURN static void fail(int request, int step)
{
    fl_spawn_failure failure = {.step = step, .error = errno};
    FL_CALL(write, request, &failure, sizeof failure);
    _exit(127);
}

/* 0, or -1 and errno; a request that ends early is EPIPE. */
static int read_all(int from, void *to, size_t size)
{
    char *at = to;
    while (size) {
        ssize_t n = FL_CALL(read, from, at, size);
        if (n == 0)
            errno = EPIPE;
        if (n == 0 || (n < 0 && errno != EINTR))
            return -1;
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

static char *after(char *string)
{
    while (*string)
        string++;
    return string + 1;
}

/* Points to so many strings, and ends the list; returns what follows them. */
static char *point(char **list, uint32_t count, char *strings)
{
    for (uint32_t i = 0; i < count; i++, strings = after(strings))
        list[i] = strings;
    list[count] = NULL;
    return strings;
}

static image read_request(int request)
{
    fl_spawn_request head;
    if (read_all(request, &head, sizeof head))
        fail(request, FL_SPAWN_AT_REQUEST);
    size_t lists = ((size_t)head.arguments + head.variables + 2) * sizeof(char *);
    char *space =
        mmap(NULL, lists + head.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED || read_all(request, space + lists, head.size))
        fail(request, FL_SPAWN_AT_REQUEST);
    image every = {.program = space + lists, .arguments = (char **)(void *)space};
    every.environment = every.arguments + head.arguments + 1;
    char *variables = point(every.arguments, head.arguments, after(every.program));
    point(every.environment, head.variables, variables);
    return every;
}

static void unblock_all(void)
{
    uint64_t none[2] = {0, 0};
    FL_CALL(rt_sigprocmask, SIG_SETMASK, none, NULL, KERNEL_SIGNALS);
}

void fl_spawner_exec(const int *files, pid_t spawner)
{
    int request = files[FL_SPAWN_REQUEST];
    FL_CALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (FL_CALL(getppid, 0) != spawner) /* it died before that */
        _exit(127);
    FL_CALL(setsid, 0);
    image every = read_request(request);
    for (int i = 0; i < 3; i++)
        if (FL_CALL(dup3, files[FL_SPAWN_IN + i], i, 0) < 0)
            fail(request, FL_SPAWN_AT_FILES);
    if (FL_CALL(fchdir, files[FL_SPAWN_DIRECTORY]))
        fail(request, FL_SPAWN_AT_DIRECTORY);
    unblock_all();
    execve(every.program, every.arguments, every.environment);
    fail(request, FL_SPAWN_AT_EXEC);
}
