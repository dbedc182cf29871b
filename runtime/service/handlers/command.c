/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/command.h>

#include <filch/blocking.h>
#include <filch/context.h>
#include <filch/runtime.h>
#include <filch/service.h>
#include <filch/task.h>
#include <runtime/platform/find_program.h>
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/service.h>
#include <runtime/service/variable.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
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

/* ---- The handler ---- */

/* The handler `command`: one process for each job. The body is a file in memory, so a program may
 * read it or not, and nothing has to be written while it runs. A task of its own waits for the
 * child's end or the context's; the handler reads the child's errors, and its output if that is the
 * job's result, meanwhile. A descendant with a session of its own can keep these pipes open forever,
 * so the handler waits in an epoll set, in which an eventfd tells of the child's end. */

enum {
    EX_AGAIN = 75, /* EX_TEMPFAIL of sysexits.h */
    TAIL = 128,
    BLOCK = 4096,
    REST = 64 << 10, /* bytes of a pipe, which may be in it when the child ends */
    WORDS = 24       /* of fl_child_describe */
};

typedef struct command {
    const char *const *words;
    int64_t grace;
    bool has_result;    /* its output */
    char **environment; /* without facts about the job */
} command;

typedef struct run run;

/* A pipe from the child. */
typedef struct stream {
    int fd;
    bool ended;
    size_t left; /* bytes to be read when the child has ended */
    void (*keep)(run *one, const char *block, size_t size);
} stream;

struct run {
    const command *command;
    filch_context *context;
    filch_process *process;
    int cause; /* the context's, or why the end was not waited for; 0: it ended by itself */
    filch_process_outcome outcome;
    int over; /* eventfd: the child has ended */
    int set;  /* epoll: its pipes, and `over` */
    size_t length;
    char tail[TAIL]; /* of its errors */
    size_t result_size;
    char *result; /* the beginning of its output; NULL: not wanted */
};

/* ---- Its errors, and its output ---- */

static void keep_end(run *one, const char *block, size_t size)
{
    if (size > TAIL) {
        block += size - TAIL;
        size = TAIL;
    }
    size_t kept = one->length < TAIL - size ? one->length : TAIL - size;
    memmove(one->tail, one->tail + one->length - kept, kept);
    memcpy(one->tail + kept, block, size);
    one->length = kept + size;
}

/* Counts what has no room. */
static void keep_beginning(run *one, const char *block, size_t size)
{
    size_t most = FILCH_SERVICE_RECORD_MOST;
    size_t room = one->result_size < most ? most - one->result_size : 0;
    memcpy(one->result + (most - room), block, size < room ? size : room);
    one->result_size += size;
}

/* true: there was something. Afterwards `ended`, if there will be no more. */
static bool read_some(run *one, stream *from, bool is_over)
{
    char block[BLOCK];
    ssize_t n = filch_read(from->fd, block, sizeof block, 0);
    if (n > 0) {
        from->keep(one, block, (size_t)n);
        if (is_over)
            from->left -= (size_t)n < from->left ? (size_t)n : from->left;
        from->ended = !from->left;
    } else if (n != -ETIMEDOUT || is_over) {
        from->ended = true;
        epoll_ctl(one->set, EPOLL_CTL_DEL, from->fd, NULL); /* else its end is told forever */
    }
    return n > 0;
}

/* To the ends of the pipes, or to what is in them when the child ends. */
static void read_streams(filch_self self, run *one, stream *streams, unsigned count)
{
    bool is_over = false;
    for (unsigned open = count; open;) {
        bool some = false;
        open = 0;
        for (unsigned i = 0; i < count; i++) {
            some |= !streams[i].ended && read_some(one, &streams[i], is_over);
            open += !streams[i].ended;
        }
        if (some)
            filch_yield(self); /* a program that writes without end must not hold the worker */
        else if (open)
            filch_wait_fd(one->set, POLLIN, FILCH_FOREVER);
        uint64_t ends;
        is_over = is_over || filch_read(one->over, &ends, sizeof ends, 0) > 0;
    }
}

/* ---- One run ---- */

FILCH_TASK(int, watch_child, (run *, one))
{
    (void)self;
    int rc = filch_process_wait(one->process, &one->outcome, one->context, FILCH_FOREVER);
    one->cause = rc;
    if (rc)
        rc = fl_child_end(one->process, one->command->grace, &one->outcome);
    const uint64_t count = 1;
    filch_write(one->over, &count, sizeof count, FILCH_FOREVER);
    return rc;
}

/* The end of its errors behind ": ", or nothing where there are none; returns `to`. */
static char *describe_errors(char to[TAIL], const run *one)
{
    static const char colon[] = ": ";
    size_t head = sizeof colon - 1;
    memcpy(to, colon, sizeof colon);
    fl_escape_end(to + head, TAIL - head - sizeof "signal 15", one->tail, one->length);
    if (!to[head])
        *to = '\0';
    return to;
}

/* It was ended by its context: at its deadline, or because its job is to stop. */
static int cut_off(filch_service_job *job, const run *one, const char *words, const char *errors)
{
    int code = fl_handler_cut(one->cause);
    if (one->cause != -ETIMEDOUT)
        return filch_error_set(code, "stopped before it had finished, %s%s", words, errors);
    return filch_error_set(code, "timeout of %gs: ended %s %s%s",
                           (double)(job->deadline - job->began) / FILCH_SECOND,
                           one->outcome.status < 0 ? "by" : "with", words, errors);
}

/* The result of a child that has ended. */
static int judge(filch_service_job *job, const run *one)
{
    char words[WORDS], text[TAIL];
    fl_child_describe(words, sizeof words, one->outcome);
    const char *errors = describe_errors(text, one);
    if (!one->outcome.status)
        return one->result
                   ? fl_handler_cut(filch_service_job_result(job, one->result, one->result_size))
                   : 0;
    if (one->outcome.status == EX_AGAIN)
        return filch_service_job_retry(job, 0, "%s%s", words, errors);
    return one->cause ? cut_off(job, one, words, errors)
                      : filch_service_job_fail(job, "%s%s", words, errors);
}

static int watch(int set, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int follow(filch_self self, filch_service_job *job, run *one)
{
    stream streams[] = {{.fd = filch_process_err(one->process), .left = REST, .keep = keep_end},
                        {.fd = filch_process_out(one->process),
                         .left = REST,
                         .keep = keep_beginning}};
    unsigned count = one->result ? 2 : 1;
    int rc = watch(one->set, one->over);
    for (unsigned i = 0; i < count && !rc; i++)
        rc = watch(one->set, streams[i].fd);
    if (rc)
        return rc;
    FILCH_FORK(watch_child, one);
    read_streams(self, one, streams, count);
    FILCH_JOIN(int ended, watch_child);
    return ended ? filch_service_job_retry(job, 0, "its end is unknown: the spawner has died")
                 : judge(job, one);
}

/* ---- Its start ---- */

static int write_all(int fd, const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, data + done, size - done, (off_t)done);
        if (n <= 0)
            return n ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

/* Sets *in to a file with the body, at its beginning. */
static int open_body(int *in, const filch_message *message)
{
    *in = FILCH_PROCESS_NULL;
    if (!message->body_size)
        return 0;
    int fd = memfd_create("filch-job", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    *in = fd;
    return write_all(fd, message->body, message->body_size);
}

static int start(run *one, filch_service_job *job)
{
    char **environment = fl_facts_make(job, one->command->environment);
    int in, rc = open_body(&in, filch_service_job_message(job));
    const filch_process_config config = {.argv = one->command->words,
                                         .environment = (const char *const *)environment,
                                         .in = in,
                                         .out =
                                             one->result ? FILCH_PROCESS_PIPE : FILCH_PROCESS_NULL,
                                         .err = FILCH_PROCESS_PIPE};
    if (!rc)
        rc = environment
                 ? fl_child_spawn(&one->process, &config, filch_context_deadline(one->context))
                 : -ENOMEM;
    if (in >= 0)
        close(in);
    free(environment);
    return rc;
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    run one = {.command = arg, .context = filch_service_job_context(job)};
    one.over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    one.set = epoll_create1(EPOLL_CLOEXEC);
    if (one.command->has_result)
        one.result = malloc(FILCH_SERVICE_RECORD_MOST);
    int rc = one.command->has_result && !one.result ? -ENOMEM
             : one.over < 0 || one.set < 0          ? -EMFILE
                                                    : start(&one, job);
    if (rc)
        rc = filch_service_job_retry(job, 0, "cannot start %.60s: %s", one.command->words[0],
                                     strerror(-rc));
    else
        rc = follow(self, job, &one);
    filch_process_destroy(one.process);
    free(one.result);
    if (one.set >= 0)
        filch_fd_close(one.set);
    if (one.over >= 0)
        filch_fd_close(one.over);
    return rc;
}

/* ---- The kind ---- */

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    int rc = fl_child_check("command", spec);
    if (rc)
        return rc;
    command *one = malloc(sizeof *one);
    if (!one)
        return filch_error_set(-ENOMEM, "no memory for handler 'command'");
    *one = (command){spec->words, spec->grace ? spec->grace : FL_CHILD_GRACE, spec->result,
                     fl_child_environment(spec)};
    if (!one->environment) {
        free(one);
        return -ENOMEM;
    }
    handler->fn = handle;
    handler->arg = one;
    return 0;
}

static void unmake(filch_handler *handler)
{
    command *one = handler->arg;
    free(one->environment);
    free(one);
}

static const char *const settings[] = {"grace", "result", "environment", NULL};

const fl_handler_kind fl_handler_command = {.name = "command",
                                            .words = "PROGRAM [ARGUMENT...]",
                                            .settings = settings,
                                            .make = make,
                                            .unmake = unmake};
