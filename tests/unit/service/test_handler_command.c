/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `command`: a program's input and environment, the meaning of its end, and programs that
 * misbehave. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <tests/service/handlers.h>

static const char *words[] = {"sh", "-c", NULL, NULL};

static fl_handler_spec shell(const char *script)
{
    words[2] = script;
    return (fl_handler_spec){.words = words, .grace = 50 * FILCH_MILLISECOND};
}

static void begin(handled *one, const char *script)
{
    start_spawner();
    handled_begin(one, "command", shell(script));
}

/* ---- The contract ---- */

Test(handler_command, the_body_is_its_standard_input)
{
    handled one = {0};
    begin(&one, "test \"$(cat)\" = word");
    handled_expect(&one, "word", FILCH_SERVICE_DONE, "");
    handled_expect(&one, "", FILCH_SERVICE_DEAD, "exit 1");
    handled_end(&one);
}

Test(handler_command, exit_status_or_signal_decides_outcome)
{
    static const struct {
        const char *body, *reason;
        filch_service_outcome outcome;
    } rows[] = {{"exit 0", "", FILCH_SERVICE_DONE},
                {"echo busy >&2; exit 75", "exit 75: busy", FILCH_SERVICE_RETRIED},
                {"echo why >&2; exit 1", "exit 1: why", FILCH_SERVICE_DEAD},
                {"exit 75", "exit 75", FILCH_SERVICE_RETRIED},
                {"exit 255", "exit 255", FILCH_SERVICE_DEAD},
                {"kill -KILL $$", "signal 9", FILCH_SERVICE_DEAD},
                {"kill -TERM $$", "signal 15", FILCH_SERVICE_DEAD}};
    handled one = {0};
    begin(&one, "eval \"$(cat)\"");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        handled_expect(&one, rows[i].body, rows[i].outcome, "");
        cr_assert_str_eq(one.reason, rows[i].reason);
    }
    handled_end(&one);
}

Test(handler_command, reason_is_escaped_tail_of_stderr)
{
    handled one = {0};
    begin(&one, "printf 'begin%0200d\\n\\033[1m\\\\end\\n' 7 >&2; exit 9");
    handled_expect(&one, "", FILCH_SERVICE_DEAD, "0007\\n\\x1b[1m\\x5cend");
    cr_assert(!strstr(one.reason, "begin"));
    cr_assert(strstr(one.reason, "exit 9: 0"));
    handled_end(&one);
}

Test(handler_command, it_knows_its_job)
{
    handled one = {0};
    setenv("SECRET", "x", 1);
    setenv("TZ", "UTC", 1);
    begin(&one,
          "test \"$FILCH_JOB_ID\" = 17 && test $FILCH_JOB_TYPE = job && test $FILCH_JOB_ATTEMPT "
          "= 1 && test $FILCH_JOB_QUEUE = tasks && test $FILCH_JOB_DEADLINE_MS -gt 0 && test "
          "${#TRACEPARENT} = 55 && test $TZ = UTC && test -z \"$SECRET\"");
    handled_run(&one, (filch_message){.id = "17"});
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_end(&one);
}

Test(handler_command, named_variables_are_passed)
{
    static const char *const passed[] = {"DATABASE_URL", "PATH", "UNSET", NULL};
    handled one = {0};
    fl_handler_spec spec = shell("test \"$DATABASE_URL\" = url && test -n \"$PATH\" && "
                                 "test -z \"${UNSET+set}$AWS_SECRET_ACCESS_KEY\"");
    spec.passed = passed;
    spec.environment = (char *const[]){(char[]){"DATABASE_URL=url"}, (char[]){"PATH=/usr/bin:/bin"},
                                       (char[]){"AWS_SECRET_ACCESS_KEY=x"}, NULL};
    start_spawner();
    handled_begin(&one, "command", spec);
    handled_expect(&one, "", FILCH_SERVICE_DONE, "");
    handled_end(&one);
}

Test(handler_command, job_without_id_has_no_variable)
{
    handled one = {0};
    begin(&one, "test -z \"${FILCH_JOB_ID+set}\"");
    handled_run_foreign(&one, "");
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_end(&one);
}

/* ---- Results ---- */

Test(handler_command, output_becomes_result_on_request)
{
    handled one = {0};
    fl_handler_spec spec = shell("eval \"$(cat)\"");
    spec.result = true;
    start_spawner();
    handled_begin(&one, "command", spec);
    handled_results(&one, "echo one; echo error >&2; echo two", "one\ntwo\n");
    handled_results(&one, "exec 2>&-; echo no errors", "no errors\n");
    handled_results(&one, "exec >&-; echo no output >&2", "");
    handled_results(&one, "head -c 65536 /dev/zero >/dev/null; echo new >/dev/stdout", "new\n");
    handled_expect(&one, "head -c 65537 /dev/zero", FILCH_SERVICE_DEAD,
                   "65537 bytes are too many for a record (at most 65536)");
    handled_expect(&one, "echo lost; echo why >&2; exit 3", FILCH_SERVICE_DEAD, "exit 3: why");
    handled_expect(&one, "setsid sleep 1000 & echo left", FILCH_SERVICE_DONE, "");
    handled_end(&one);
}

Test(handler_command, without_that_there_is_none)
{
    handled one = {0};
    begin(&one, "cat");
    handled_results(&one, "text", NULL);
    handled_end(&one);
}

/* ---- Headers ---- */

Test(handler_command, headers_cannot_set_other_variables)
{
    static const filch_header headers[] = {{"Trace-id", "7"},         {"PATH", "/evil"},
                                           {"ld-preload", "evil.so"}, {"a=b", "wrong"},
                                           {"x y", "wrong"},          {"trace_id", "two"},
                                           {"x\nPATH", "wrong"},      {"lines", "1\n2"}};
    handled one = {0};
    begin(&one, "test $FILCH_HEADER_TRACE_ID = 7 && test $FILCH_HEADER_PATH = /evil && test "
                "$FILCH_HEADER_LD_PRELOAD = evil.so && test -z \"$LD_PRELOAD\" && case $PATH in "
                "*evil*|*wrong*) false;; esac && test \"$(env | grep -c ^FILCH_HEADER_)\" = 4");
    handled_run(&one, (filch_message){.headers = headers, .header_count = 8});
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_end(&one);
}

Test(handler_command, headers_have_32_kib_in_all)
{
    enum { HEADERS = 100, VALUE = 600 };
    char names[HEADERS][12], value[VALUE + 1];
    filch_header headers[HEADERS];
    memset(value, 'v', VALUE);
    value[VALUE] = '\0';
    for (unsigned i = 0; i < HEADERS; i++) {
        snprintf(names[i], sizeof names[i], "h%02u", i);
        headers[i] = (filch_header){names[i], value};
    }
    handled one = {0};
    begin(&one, "test \"$(env | grep -c ^FILCH_HEADER_)\" = 53"); /* of 618 bytes each */
    handled_run(&one, (filch_message){.headers = headers, .header_count = HEADERS});
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_end(&one);
}

/* ---- Programs that misbehave ---- */

Test(handler_command, program_may_ignore_large_body)
{
    enum { LARGE = 4 << 20 };
    char *body = calloc(1, LARGE);
    handled one = {0};
    begin(&one, "exit 0");
    handled_run(&one, (filch_message){.body = body, .body_size = LARGE});
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
    handled_end(&one);
    free(body);
}

Test(handler_command, its_output_is_discarded)
{
    handled one = {0};
    begin(&one, "head -c 10000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 3");
    handled_expect(&one, "", FILCH_SERVICE_DEAD, "exit 3: \\x00\\x00");
    handled_end(&one);
}

Test(handler_command, descendant_keeping_pipe_does_not_block)
{
    handled one = {0};
    begin(&one, "setsid sleep 1000 & echo over >&2; exit 3");
    handled_expect(&one, "", FILCH_SERVICE_DEAD, "exit 3: over");
    handled_end(&one);
}

/* Runs a script that makes the folder named in its body when it is ready, and cancels it then. */
static void cancel_when_ready(handled *one, fl_handler_spec spec)
{
    char folder[64], ready[80];
    serving running;
    handled_folder(folder);
    snprintf(ready, sizeof ready, "%s/ready", folder);
    start_spawner();
    handled_begin(one, "command", spec);
    publish(one->service, "job", ready);
    serving_begin(&running, one->service);
    WAIT_WHILE(access(ready, F_OK));
    handled_cancel(&running);
    handled_end(one);
    rmdir(ready);
    rmdir(folder);
}

Test(handler_command, program_ignoring_sigterm_is_killed)
{
    handled one = {0};
    cancel_when_ready(&one, shell("trap '' TERM; mkdir \"$(cat)\"; while :; do sleep 1000; done"));
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_GIVEN_BACK]), 1, "%s", one.reason);
    cr_assert(strstr(one.reason, "signal 9"), "%s", one.reason);
}

Test(handler_command, errors_without_end_hold_no_worker)
{
    handled one = {.workers = 1};
    fl_handler_spec spec = shell("mkdir \"$(cat)\"; exec yes >&2");
    spec.grace = 0;
    cancel_when_ready(&one, spec);
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_GIVEN_BACK]), 1, "%s", one.reason);
    cr_assert(strstr(one.reason, "signal 15"), "%s", one.reason);
}

/* A program that has not begun by then has another reason: the next job is looked at. */
Test(handler_command, deadline_ends_program_reason_names_timeout)
{
    static const char *const rows[][2] = {
        {"exec sleep 1000", "timeout of 0.25s: ended by signal 15"},
        {"echo begun >&2; exec sleep 1000", "timeout of 0.25s: ended by signal 15: begun"},
        {"exec 2>&-; trap 'exit 3' TERM; while :; do sleep 0.01; done",
         "timeout of 0.25s: ended with exit 3"}};
    handled one = {.handler.timeout = 250 * FILCH_MILLISECOND};
    begin(&one, "eval \"$(cat)\"");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned n = 0; n < 20 && strcmp(one.reason, rows[i][1]) != 0; n++)
            handled_expect(&one, rows[i][0], FILCH_SERVICE_RETRIED, "");
        cr_assert_str_eq(one.reason, rows[i][1], "'%s'", one.reason);
    }
    handled_end(&one);
}

Test(handler_command, exit_zero_after_sigterm_is_done)
{
    handled one = {0};
    fl_handler_spec spec =
        shell("trap 'exit 0' TERM; mkdir \"$(cat)\"; while :; do sleep 0.01; done");
    spec.grace = 0; /* the default */
    cancel_when_ready(&one, spec);
    cr_assert_eq(signpost_count(&one.outcomes[FILCH_SERVICE_DONE]), 1, "%s", one.reason);
}

/* ---- Starts and ends ---- */

Test(handler_command, unstartable_program_is_retried)
{
    handled one = {0};
    start_spawner();
    handled_vanishes(&one, "command");
}

Test(handler_command, a_wrong_configuration_is_refused)
{
    handled_refuses("command", NULL, "lacks its program");
    handled_refuses("command", (const char *const[]){NULL}, "lacks its program");
    handled_refuses("command", (const char *const[]){"/nowhere/x", NULL},
                    "command: no program at '/nowhere/x': No such file or directory");
    handled_refuses("command", (const char *const[]){"/", NULL}, "no program at '/': Permission");
    handled_refuses("command", (const char *const[]){"filch-no-such-program", NULL},
                    "no program 'filch-no-such-program' in PATH: No such file or directory");
    handled_refuses("command", (const char *const[]){"sh -c true", NULL},
                    "directory; a text is one word: use an array of texts");
    cr_assert_null(fl_handler_kind_of("cmd"));
    cr_assert(strstr(filch_error(), "valid: command, coprocess, echo, fail, "));
}

/* The spawner is the child's parent. */
Test(handler_command, a_spawner_that_died_is_replaced)
{
    handled one = {0};
    begin(&one, "test -z \"$(cat)\" || { kill -KILL $PPID; exec sleep 1000; }");
    handled_expect(&one, "kill", FILCH_SERVICE_RETRIED, "the spawner has died");
    handled_expect(&one, "", FILCH_SERVICE_DONE, "");
    handled_end(&one);
}

/* In the child: serves one job until it is killed. */
static void serve_until_killed(int told)
{
    static char script[64];
    handled one = {0};
    snprintf(script, sizeof script, "echo $$ >/proc/%d/fd/%d; exec sleep 1000", getpid(), told);
    begin(&one, script);
    publish(one.service, "job", "");
    filch_service_run(one.service);
}

Test(handler_command, killed_service_leaves_no_child)
{
    int told[2];
    long child = 0;
    cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (!pid) {
        serve_until_killed(told[1]);
        _exit(99);
    }
    cr_assert_gt(pid, 0);
    close(told[1]);
    FILE *from = fdopen(told[0], "r");
    cr_assert_eq(fscanf(from, "%ld", &child), 1);
    int file = process_file(child);
    cr_assert_geq(file, 0);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    wait_for_end(file);
    fclose(from);
}
