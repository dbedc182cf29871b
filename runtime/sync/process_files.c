/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/process.h>

#include <filch/io.h>
#include <runtime/platform/error.h>
#include <runtime/platform/spawner.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
