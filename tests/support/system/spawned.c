/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <filch/filch.h>
#include <poll.h>
#include <tests/support/system.h>

void start_spawner(void)
{
    if (filch_spawner_start())
        filch_die("%s", filch_error());
}

int spawn_script(filch_process **out, const char *script, int in, int out_to)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    filch_process_config config = {.argv = argv, .in = in, .out = out_to};
    return filch_process_spawn(out, &config, FILCH_FOREVER);
}

filch_process *script(const char *text)
{
    filch_process *process = NULL;
    if (spawn_script(&process, text, FILCH_PROCESS_PIPE, FILCH_PROCESS_PIPE))
        filch_die("%s", filch_error());
    return process;
}

ssize_t read_output(filch_process *process, char *to, size_t size)
{
    size_t length = 0;
    ssize_t n = 1;
    while (n > 0 && length < size - 1) {
        n = filch_read(filch_process_out(process), to + length, size - 1 - length, FILCH_FOREVER);
        length += n > 0 ? (size_t)n : 0;
    }
    to[length] = '\0';
    return n < 0 ? n : (ssize_t)length;
}

int outcome_of(filch_process *process)
{
    filch_process_outcome outcome = {-1, 1000};
    int rc = filch_process_wait(process, &outcome, NULL, FILCH_FOREVER);
    return rc ? 1000 - rc : outcome.status >= 0 ? outcome.status : -outcome.signal;
}

int process_file(long pid)
{
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

void wait_for_end(int process_file)
{
    struct pollfd end = {.fd = process_file, .events = POLLIN};
    if (process_file < 0)
        return;
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    close(process_file);
}
