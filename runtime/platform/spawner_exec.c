/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A child, from its clone to its exec. All files of the spawner are close-on-exec, and 0, 1 and 2
 * are taken in it, so no received file is one of these. */
#include <runtime/platform/spawner.h>

#include <runtime/platform/spawner_call.h>

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

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
    image all = {.program = space + lists, .arguments = (char **)(void *)space};
    all.environment = all.arguments + head.arguments + 1;
    char *variables = point(all.arguments, head.arguments, after(all.program));
    point(all.environment, head.variables, variables);
    return all;
}

static void unblock_all(void)
{
    uint64_t none[2] = {0, 0};
    FL_CALL(rt_sigprocmask, SIG_SETMASK, none, NULL, FL_KERNEL_SIGNALS);
}

void fl_spawner_exec(const int *files, pid_t spawner)
{
    int request = files[FL_SPAWN_REQUEST];
    FL_CALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (FL_CALL(getppid, 0) != spawner) /* it died before that */
        _exit(127);
    FL_CALL(setsid, 0);
    image all = read_request(request);
    for (int i = 0; i < 3; i++)
        if (FL_CALL(dup3, files[FL_SPAWN_IN + i], i, 0) < 0)
            fail(request, FL_SPAWN_AT_FILES);
    if (FL_CALL(fchdir, files[FL_SPAWN_DIRECTORY]))
        fail(request, FL_SPAWN_AT_DIRECTORY);
    unblock_all();
    execve(all.program, all.arguments, all.environment);
    fail(request, FL_SPAWN_AT_EXEC);
}
