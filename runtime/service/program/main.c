/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/service_main.h>

#include <runtime/service/program/actions.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/notify.h>
#include <runtime/service/program/serve.h>
#include <runtime/service/program/show.h>
#include <runtime/service/program/sources.h>

#include <filch/process.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A copy, which outlives changes of the environment. Its texts are in one block after it. A setuid program has none. */
static char **copy_environment(void)
{
    size_t count = 0, bytes = 0;
    for (; !getauxval(AT_SECURE) && environ && environ[count]; count++)
        bytes += strlen(environ[count]) + 1;
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    char *at = copy ? (char *)(copy + count + 1) : NULL;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = at;
        at = stpcpy(at, environ[i]) + 1;
    }
    if (copy)
        copy[count] = NULL;
    return copy;
}

/* A closed standard file would become another one, such as a database, which the log would then
 * write to. */
static void open_standard_files(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR); /* takes the lowest number, which is fd */
}

/* No core dump and no debugger of the same user sees secrets. The limit is the children's, too. A
 * reader of the log or a peer that goes away does not end the process. */
static void protect(void)
{
    const struct rlimit none = {0, 0};
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int check(fl_program *program)
{
    int status = fl_serve(program);
    if (status)
        return status;
    fl_show_configuration(stdout, &program->configuration);
    fl_show_handlers(stdout, &program->table, &program->configuration);
    fl_show_periodics(stdout, &program->configuration);
    puts("the configuration is valid");
    return 0;
}

static int configured(fl_program *program, const filch_handler *handlers, size_t count)
{
    int rc = fl_handler_table_init(&program->table, &program->configuration, handlers, count);
    if (rc)
        return fl_complain(program, rc);
    program->table.log = &program->log;
    return program->request.check ? check(program) : fl_serve(program);
}

static int start(fl_program *program, const filch_handler *handlers, size_t count)
{
    int rc = fl_configuration_load(&program->configuration, &program->request, program->argc,
                                   program->argv, program->environment);
    const fl_action *action = program->request.action;
    fl_environment_hide();
    if (rc)
        return fl_complain(program, rc);
    return action ? action->run(program->name, program->request.argument)
                  : configured(program, handlers, count);
}

static const char *name_of(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "service", *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

int filch_service_main(int argc, char **argv, const filch_handler *handlers, size_t count)
{
    return filch_service_main_with(argc, argv, NULL, handlers, count);
}

int filch_service_main_with(int argc, char **argv, const filch_service_defaults *defaults,
                            const filch_handler *handlers, size_t count)
{
    fl_key_defaults_set(defaults);
    fl_program program = {.name = name_of(argc, argv), .argc = argc > 0 ? argc : 1, .argv = argv};
    open_standard_files();
    protect();
    int rc = filch_spawner_start(); /* before secrets are read: it is a copy of this process */
    if (rc)
        return fl_complain(&program, rc);
    program.environment = copy_environment();
    if (!program.environment)
        return fl_complain(&program, filch_error_set(-ENOMEM, "no memory for the environment"));
    rc = fl_notify_begin(&program.notify);
    int status = rc ? fl_complain(&program, rc) : start(&program, handlers, count);
    fl_notify_end(&program.notify);
    fl_handler_table_end(&program.table);
    fl_configuration_end(&program.configuration);
    free(program.environment);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "%s: the text cannot be written; is the disk full or the pipe closed?\n",
            program.name);
    return status ? status : FL_STATUS_CANCELLED;
}
