/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stand-in of Criterion: runs the tests of an executable, each in a child, N at once with -jN. */
#include <criterion/criterion.h>
#include <criterion_standin/test_file.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>

struct standin_report *standin_report;
static struct standin_test *standin_tests;
struct standin_test **standin_last = &standin_tests;

void standin_fail(int fatal, const char *file, int line, const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "[----] %s:%d: failed: %s:", file, line, text);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    __atomic_fetch_add(&standin_report->failed, 1, __ATOMIC_RELAXED);
    if (fatal)
        _exit(1);
}

void standin_log(const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "[----] %s:", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void standin_skip(void)
{
    standin_report->skipped = 1;
    _exit(0);
}

/* Its suite may set the fields that a test does not set. */
static struct standin_options standin_options_of(const struct standin_test *test)
{
    struct standin_options o = test->options;
    for (const struct standin_test *t = standin_tests; t; t = t->next) {
        if (t->run || strcmp(t->suite, test->suite) != 0)
            continue;
        o.init = o.init ? o.init : t->options.init;
        o.fini = o.fini ? o.fini : t->options.fini;
        o.signal = o.signal ? o.signal : t->options.signal;
        o.exit_code = o.exit_code ? o.exit_code : t->options.exit_code;
        o.timeout = o.timeout > 0 ? o.timeout : t->options.timeout;
        o.disabled = o.disabled || t->options.disabled;
    }
    return o;
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
int __lsan_is_turned_off(void);
static size_t bytes_before;

/* Returns whether the search for leaks is left out: the heap holds as many bytes as before the test.
 * A search takes longer than most tests. */
int __lsan_is_turned_off(void)
{
    return __sanitizer_get_current_allocated_bytes() == bytes_before;
}
#endif

/* In the child. Sanitizers slow a test down: it gets ten times its time. */
__attribute__((noreturn)) static void standin_run(const struct standin_test *test,
                                                  const struct standin_options *o)
{
    double limit = o->timeout > 0 && o->timeout < 10 ? 1 + 10 * o->timeout : 100;
    alarm((unsigned)(o->timeout > limit ? o->timeout : limit));
#ifdef __SANITIZE_ADDRESS__
    bytes_before = __sanitizer_get_current_allocated_bytes();
#endif
    if (o->init)
        o->init();
    test->run();
    if (o->fini)
        o->fini();
    standin_report->ended = 1;
    exit(0);
}

/* NULL: passed; else why not. */
static const char *standin_verdict(int status, const struct standin_options *o)
{
    if (standin_report->skipped)
        return NULL;
    if (standin_report->failed)
        return "an assertion failed";
    if (WIFSIGNALED(status)) {
        if (o->signal == WTERMSIG(status))
            return NULL;
        return WTERMSIG(status) == SIGALRM ? "timed out" : "ended by a signal";
    }
    if (o->signal)
        return "did not end by its signal";
    if (WEXITSTATUS(status) != o->exit_code)
        return "ended with another exit status (a sanitizer's report?)";
    return standin_report->ended || o->exit_code ? NULL : "left before its end";
}

/* The tests that run now: number i has reports[i]. A pid of 0: none. */
enum { MOST_JOBS = 64 };
static struct standin_job {
    pid_t pid;
    const struct standin_test *test;
    struct standin_options options;
} jobs[MOST_JOBS];
static struct standin_report *reports;
static int tested, passed;

/* Waits until a test has ended, and judges it. Returns its job, or NULL if none runs. */
static struct standin_job *standin_wait(void)
{
    int status = 0;
    pid_t pid = wait(&status);
    struct standin_job *job = jobs;
    if (pid < 0)
        return NULL;
    while (job->pid != pid)
        job++;
    standin_report = &reports[job - jobs];
    const char *why = standin_verdict(status, &job->options);
    if (why)
        printf("[FAIL] %s::%s: %s (wait status 0x%x)\n", job->test->suite, job->test->name, why,
               status);
    passed += !why;
    job->pid = 0;
    return job;
}

static void standin_start(struct standin_job *job, const struct standin_test *test)
{
    job->test = test;
    job->options = standin_options_of(test);
    standin_report = &reports[job - jobs];
    memset(standin_report, 0, sizeof *standin_report);
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0)
        standin_run(test, &job->options);
    if (job->pid < 0) {
        perror("[FAIL] fork");
        job->pid = 0;
    }
    tested++;
}

int main(int argc, char **argv)
{
    const char *filter = "*", *file = NULL;
    int most = 1, started = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc)
            file = argv[++i];
        else if (sscanf(argv[i], "-j%d", &most) != 1 || most < 1 || most > MOST_JOBS)
            return fprintf(stderr,
                           "usage: %s [-jN (N: 1..%d)] [--file NAME] [--filter suite/name]\n",
                           argv[0], MOST_JOBS),
                   2;
    }
    reports =
        (struct standin_report *)mmap(NULL, MOST_JOBS * sizeof *reports, PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reports == MAP_FAILED)
        return perror("mmap"), 2;
    for (const struct standin_test *t = standin_tests; t; t = t->next) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", t->suite, t->name);
        if (!t->run || standin_options_of(t).disabled || fnmatch(filter, name, 0) != 0 ||
            !is_test_of_file(t->file, file))
            continue;
        struct standin_job *job = started < most ? &jobs[started++] : standin_wait();
        standin_start(job ? job : jobs, t);
    }
    while (standin_wait()) {
    }
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d\n", tested, passed,
           tested - passed);
    if (file && !tested)
        report_no_test(file);
    fflush(NULL);
    _exit(passed < tested ||
          (file && !tested)); /* without a search for leaks in this process, which only forks */
}
