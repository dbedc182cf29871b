/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/child.h>

#include <runtime/platform/find_program.h>
#include <runtime/service/variable.h>

#include <errno.h>
#include <filch/context.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int refuse(const char *kind, const char *program, int error)
{
    bool is_path = strchr(program, '/'), has_blank = strpbrk(program, " \t\n");
    return filch_error_set(-error, "%s: no program %s'%.80s'%s: %s%s", kind, is_path ? "at " : "",
                           program, is_path ? "" : " in PATH", strerror(error),
                           has_blank ? "; a text is one word: use an array of texts" : "");
}

int fl_child_check(const char *kind, const fl_handler_spec *spec)
{
    const char *program = spec->words ? spec->words[0] : NULL;
    char *path = NULL;
    if (!program || !*program)
        return filch_error_set(-EINVAL, "%s lacks its program (words: a program and its arguments)",
                               kind);
    int error = fl_program_find(&path, program);
    error = error ? error : fl_program_check(path);
    free(path);
    return error ? refuse(kind, program, error) : filch_spawner_start();
}

/* Appends the variable of this name, unless it is unset or there. */
static size_t append(char **texts, size_t count, char *const *from, const char *name)
{
    if (!fl_variable_entry(texts, name))
        texts[count] = fl_variable_entry(from, name);
    return count + (texts[count] != NULL);
}

static char **copy_texts(char *const *texts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]) + 1;
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    if (!copy)
        return NULL;
    char *at = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = at;
        at = stpcpy(at, texts[i]) + 1;
    }
    copy[count] = NULL;
    return copy;
}

char **fl_child_environment(const fl_handler_spec *spec)
{
    static const char *const always[] = {"PATH", "HOME", "LANG", "TZ"};
    enum { ALWAYS = sizeof always / sizeof *always };
    char *const *own = getauxval(AT_SECURE) ? NULL : environ; /* a setuid program has none */
    char *const *from = spec->environment ? spec->environment : own;
    char *texts[ALWAYS + FL_CHILD_PASSED_MOST + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < ALWAYS; i++)
        count = append(texts, count, from, always[i]);
    for (size_t i = 0; spec->passed && spec->passed[i] && i < FL_CHILD_PASSED_MOST; i++)
        count = append(texts, count, from, spec->passed[i]);
    char **copy = copy_texts(texts, count);
    if (!copy)
        filch_error_set(-ENOMEM, "no memory for the environment of children");
    return copy;
}

typedef struct spawning {
    filch_process **out;
    const filch_process_config *config;
    int64_t until;
    int rc;
} spawning;

static void spawn(void *arg)
{
    spawning *one = arg;
    one->rc = filch_process_spawn(one->out, one->config, one->until);
    if (one->rc == -EPIPE && !filch_spawner_start())
        one->rc = filch_process_spawn(one->out, one->config, one->until);
}

int fl_child_spawn(filch_process **out, const filch_process_config *config, int64_t until)
{
    spawning one = {out, config, until, 0};
    filch_shielded(spawn, &one);
    return one.rc;
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
