/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/child.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fl_child_check(const char *kind, const fl_handler_spec *spec)
{
    const char *program = spec->words ? spec->words[0] : NULL;
    if (!program || !*program)
        return filch_error_set(-EINVAL,
                               "handler '%s' lacks its program (words: a program and its "
                               "arguments)",
                               kind);
    if (strchr(program, '/') && access(program, X_OK)) {
        int code = -errno;
        return filch_error_set(code, "handler '%s': no program at %.150s: %s", kind, program,
                               strerror(-code));
    }
    return filch_spawner_start();
}

int fl_child_spawn(filch_process **out, const filch_process_config *config, int64_t until)
{
    int rc = filch_process_spawn(out, config, until);
    if (rc == -EPIPE && !filch_spawner_start())
        rc = filch_process_spawn(out, config, until);
    return rc;
}

int fl_child_end(filch_process *process, int64_t grace, filch_process_outcome *outcome)
{
    filch_process_kill_group(process, SIGTERM);
    int rc = filch_process_wait(process, outcome, NULL, filch_in(grace));
    if (!rc || rc == -ECHILD)
        return rc;
    filch_process_kill_group(process, SIGKILL);
    return filch_process_wait(process, outcome, NULL, FILCH_FOREVER);
}

char *fl_child_describe(char *to, size_t room, filch_process_outcome outcome)
{
    bool exited = outcome.status >= 0;
    snprintf(to, room, "%s %d", exited ? "exit" : "signal",
             exited ? outcome.status : outcome.signal);
    return to;
}
