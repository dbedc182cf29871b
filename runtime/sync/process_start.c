/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One child's start: runtime/platform/spawner.h tells its course. Calls that look at errno stand
 * in functions of their own, out of line, as in runtime/sync/io.c. */
#include <runtime/sync/process_start.h>

#include <filch/io.h>
#include <runtime/platform/error.h>
#include <runtime/platform/spawner.h>
#include <runtime/sync/process.h>
#include <runtime/sync/spawner.h>
#include <runtime/sync/wait_fd.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
