/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs microhttpd jansson
 *
 * Messages to the service manager, received over real sockets. */
#include <filch/service_main.h>
#include <poll.h>
#include <runtime/service/loop.h>
#include <runtime/service/program/notify.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tests/service/service.h>
#include <tests/support/http.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { WATCHDOG_MS = 200, PATIENCE_MS = 60000 };

/* ---- The manager ---- */

/* Binds to a name as NOTIFY_SOCKET has it, sets this variable, and returns the socket. */
static int manager_listens(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(at.sun_path, name, strlen(name));
    if (*name == '@')
        at.sun_path[0] = '\0';
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, size), 0, "%s: %s", name, strerror(errno));
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

/* The same, with a name of this process and test. */
static int manager_begins(void)
{
    char name[64];
    snprintf(name, sizeof name, "@filch-test-notify-%d", (int)getpid());
    return manager_listens(name);
}

/* The next message; NULL: none came within this time. */
static const char *manager_hears(int fd, int patience)
{
    static char text[4096];
    struct pollfd one = {.fd = fd, .events = POLLIN};
    if (poll(&one, 1, patience) != 1)
        return NULL;
    ssize_t size = recv(fd, text, sizeof text - 1, 0);
    cr_assert_geq(size, 0);
    text[size] = '\0';
    return text;
}

/* A message has this line. */
static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);
    while (text && (strncmp(text, line, length) || text[length] != '\n')) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text;
}

/* Receives until a message has the line. */
static const char *manager_awaits(int fd, const char *line)
{
    const char *text;
    do {
        text = manager_hears(fd, PATIENCE_MS);
        cr_assert_not_null(text, "no message with %s", line);
    } while (!has_line(text, line));
    return text;
}

/* ---- The messages ---- */

Test(notify, paths_and_abstract_names_are_reached)
{
    const filch_service_stats stats = {.is_connected = true, .running = 2};
    char path[256];
    snprintf(path, sizeof path, "%s/notify", folder_make());
    const char *const names[] = {path, "@filch-test-notify-abstract"};
    for (unsigned i = 0; i < 2; i++) {
        fl_notify notify;
        int fd = manager_listens(names[i]);
        cr_assert_eq(fl_notify_begin(&notify), 0, "%s", filch_error());
        fl_notify_alive(&notify, &stats);
        const char *text = manager_hears(fd, PATIENCE_MS);
        cr_assert(has_line(text, "READY=1") &&
                      has_line(text, "STATUS=connected; 2 running, 0 done"),
                  "%s", text);
        fl_notify_stopping(&notify);
        cr_assert(has_line(manager_hears(fd, PATIENCE_MS), "STOPPING=1"));
        fl_notify_end(&notify);
        close(fd);
    }
}

Test(notify, readiness_repeats_until_manager_hears)
{
    const filch_service_stats stats = {.running = 0};
    fl_notify notify;
    setenv("NOTIFY_SOCKET", "@filch-test-notify-later", 1);
    cr_assert_eq(fl_notify_begin(&notify), 0);
    fl_notify_alive(&notify, &stats); /* nobody has that name */
    int fd = manager_listens("@filch-test-notify-later");
    fl_notify_alive(&notify, &stats);
    cr_assert(has_line(manager_hears(fd, PATIENCE_MS), "READY=1"));
    fl_notify_alive(&notify, &stats);
    cr_assert_not(has_line(manager_hears(fd, PATIENCE_MS), "READY=1"));
    fl_notify_end(&notify);
    close(fd);
}

Test(notify, nothing_is_sent_without_the_variable)
{
    fl_notify notify;
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    cr_assert_eq(fl_notify_begin(&notify), 0);
    cr_assert_eq(notify.fd, -1);
    fl_notify_alive(&notify, &(const filch_service_stats){.running = 0});
    cr_assert_not(notify.is_ready);
    fl_notify_stopping(&notify);
    fl_notify_end(&notify);
}

Test(notify, children_do_not_inherit_manager_variables)
{
    fl_notify notify;
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    cr_assert_eq(fl_notify_begin(&notify), 0);
    cr_assert(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));
    cr_assert_not(notify.has_watchdog, "the watchdog of process 1");
    fl_notify_end(&notify);
}

Test(notify, other_forms_of_addresses_are_refused)
{
    char longest[256];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    const char *const wrong[] = {"vsock:2:1234", "relative", "/", "@", longest};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fl_notify notify;
        setenv("NOTIFY_SOCKET", wrong[i], 1);
        cr_assert_eq(fl_notify_begin(&notify), -EINVAL, "%s", wrong[i]);
        cr_assert_eq(notify.fd, -1);
    }
}

/* ---- The watchdog ---- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER; /* by the test: the owner is stuck */

static void beat(void *arg)
{
    const filch_service_stats stats = {.is_connected = true};
    pthread_mutex_lock(&held);
    fl_notify_alive(arg, &stats);
    pthread_mutex_unlock(&held);
}

static int nothing(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

Test(notify, watchdog_hears_only_turning_loop)
{
    static const filch_handler handler = {.type = "nothing", .fn = nothing};
    char usec[32];
    fl_notify notify;
    serving served;
    int fd = manager_begins();
    snprintf(usec, sizeof usec, "%d", WATCHDOG_MS * 1000);
    setenv("WATCHDOG_USEC", usec, 1);
    cr_assert_eq(fl_notify_begin(&notify), 0);
    cr_assert_eq(notify.every, WATCHDOG_MS * FILCH_MILLISECOND / 2);
    filch_service *service = service_of((filch_service_config){.broker = "memory:"}, &handler, 1);
    fl_service_pulse_set(service, beat, &notify, notify.every);
    serving_begin(&served, service);
    for (unsigned i = 0; i < 3; i++) /* an idle service turns for it */
        manager_awaits(fd, "WATCHDOG=1");
    pthread_mutex_lock(&held);
    while (manager_hears(fd, 0)) {
    }
    cr_assert_null(manager_hears(fd, 3 * WATCHDOG_MS), "a stuck service has sent");
    pthread_mutex_unlock(&held);
    manager_awaits(fd, "WATCHDOG=1");
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&served), 0);
    filch_service_destroy(service);
    fl_notify_end(&notify);
    close(fd);
}

/* ---- The program ---- */

static int begun[2], may_end[2]; /* pipes */

static int wait_for_the_test(filch_self self, filch_service_job *job, void *arg)
{
    char byte = 0;
    return write(begun[1], &byte, 1) == 1 && read(may_end[0], &byte, 1) == 1 ? 0 : -EIO;
}

/* A program whose handler waits for the test. A job of it comes each second. */
static pid_t begin_program(int port)
{
    static const filch_handler handlers[] = {
        {.type = "wait", .fn = wait_for_the_test, .thread = true}};
    static char name[] = "service", broker[] = "--broker=memory:", level[] = "--log-level=off";
    static char jobs[] =
        "--periodic=[{\"name\": \"beat\", \"cron\": \"@every 1s\", \"type\": \"wait\"}]";
    static char width[] = "--width=1", at[64];
    char *words[] = {name, broker, level, jobs, width, at, NULL};
    snprintf(at, sizeof at, "--health-port=%d", port);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(filch_service_main(6, words, handlers, 1));
    }
    return pid;
}

/* The first message of a program that has begun; NULL: it has ended, since another process took its port. */
static const char *first_message(int fd, pid_t pid)
{
    const char *text = NULL;
    int status = 0;
    while (!text && waitpid(pid, &status, WNOHANG) == 0)
        text = manager_hears(fd, 100);
    cr_assert(text || WIFEXITED(status), "status %x", status);
    return text;
}

Test(notify, ready_follows_endpoints_stopping_follows_signal)
{
    char byte = 0;
    int status, port = 0, fd = manager_begins();
    pid_t pid = 0;
    const char *first = NULL;
    cr_assert(pipe(begun) == 0 && pipe(may_end) == 0);
    for (int tries = 5; tries && !first; tries--) {
        port = port_free();
        pid = begin_program(port);
        first = first_message(fd, pid);
    }
    cr_assert(first && has_line(first, "READY=1"), "the first message: %s", first ? first : "none");
    cr_assert_eq(http_status((unsigned)port, "GET", "/ready", ""), 200);
    cr_assert_eq(read(begun[0], &byte, 1), 1);
    cr_assert_eq(kill(pid, SIGTERM), 0);
    manager_awaits(fd, "STOPPING=1");
    cr_assert_eq(waitpid(pid, &status, WNOHANG), 0, "its handler still runs");
    cr_assert_eq(write(may_end[1], &byte, 1), 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
    close(fd);
}

Test(notify, program_with_wrong_socket_is_refused)
{
    static const filch_handler handlers[] = {{.type = "nothing", .fn = nothing}};
    static char name[] = "service", once[] = "--once", broker[] = "--broker=memory:";
    setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
    cr_assert_eq(filch_service_main(3, (char *[]){name, once, broker, NULL}, handlers, 1), 2);
}
