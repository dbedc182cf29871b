/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Child processes when things end or fail: their parent is killed, the spawner is killed, a program
 * cannot be run, processes or files lack. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000, CHILDREN = 3, TOLD = 2 * CHILDREN };

static filch_process *start(const char *text, int out)
{
    filch_process *process = NULL;
    CHILD_CHECK(spawn_script(&process, text, FILCH_PROCESS_NULL, out) == 0);
    return process;
}

/* ---- The parent is killed ---- */

static int told[2]; /* a pipe, into which scripts tell pids */

/* Each child has a process of its group, and one with a session of its own. */
static void serve_until_killed(void)
{
    CHILD_CHECK(filch_spawner_start() == 0);
    for (unsigned i = 0; i < CHILDREN; i++)
        start("sleep 1000 & echo $$ $!; setsid sh -c 'echo 0 $$; exec sleep 1000' & wait", told[1]);
    close(told[1]);
    pause();
}

/* Returns how many pids were told. */
static unsigned read_pids(FILE *from, int *files)
{
    unsigned count = 0;
    for (unsigned line = 0; line < TOLD; line++) {
        long pids[2] = {0, 0};
        if (fscanf(from, "%ld %ld", &pids[0], &pids[1]) != 2)
            break;
        for (unsigned i = 0; i < 2; i++)
            if (pids[i])
                files[count++] = process_file(pids[i]);
    }
    return count;
}

static void kill_the_parent(void (*serve)(void))
{
    int files[2 * TOLD];
    cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (!pid) {
        serve();
        _exit(99);
    }
    close(told[1]);
    FILE *from = fdopen(told[0], "r");
    unsigned count = read_pids(from, files);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    cr_assert_eq(count, 3 * CHILDREN);
    for (unsigned i = 0; i < count; i++)
        cr_assert_geq(files[i], 0, "it ran until then");
    for (unsigned i = 0; i < count; i++)
        wait_for_end(files[i]);
    fclose(from);
}

Test(process_ends, descendants_end_with_killed_parent)
{
    kill_the_parent(serve_until_killed);
}

static void serve_without_pidfd(void)
{
    seccomp_deny(SYS_pidfd_open, ENOSYS);
    serve_until_killed();
}

Test(process_ends, they_do_so_without_pidfd)
{
    kill_the_parent(serve_without_pidfd);
}

/* ---- The spawner is killed, or stopped ---- */

/* Returns the spawner's pid. */
static pid_t start_below(filch_process **process)
{
    char text[64] = "";
    CHILD_CHECK(spawn_script(process, "echo $PPID; exec sleep 1000", FILCH_PROCESS_NULL,
                             FILCH_PROCESS_PIPE) == 0);
    CHILD_CHECK(filch_read(filch_process_out(*process), text, sizeof text - 1, FILCH_FOREVER) > 0);
    return (pid_t)atol(text);
}

static void survive_the_spawner(void)
{
    filch_process *process = NULL, *other = NULL;
    siginfo_t end;
    start_spawner();
    start_spawner(); /* runs */
    pid_t spawner = start_below(&process);
    int child = process_file(filch_process_pid(process));
    CHILD_CHECK(child >= 0 && kill(spawner, SIGKILL) == 0);
    CHILD_CHECK(outcome_of(process) == 1000 + ECHILD);
    CHILD_CHECK(strstr(filch_error(), "filch_spawner_start"));
    wait_for_end(child);
    CHILD_CHECK(filch_process_kill(process, SIGTERM) == -ESRCH);
    CHILD_CHECK(spawn_script(&other, "exit 1", 0, 0) == -EPIPE);
    CHILD_CHECK(strstr(filch_error(), "filch_spawner_start"));
    filch_process_destroy(process);
    CHILD_CHECK(waitid(P_PID, (id_t)spawner, &end, WEXITED | WNOWAIT | __WALL) == 0);
    start_spawner();
    CHILD_CHECK(waitpid(spawner, NULL, __WALL) == -1 && errno == ECHILD); /* no zombie is left */
    CHILD_CHECK(spawn_script(&other, "exit 1", 0, 0) == 0 && outcome_of(other) == 1);
    filch_process_destroy(other);
    CHILD_CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD); /* spawners are not seen */
}

/* Runs it as a process of its own. */
static void assert_passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

Test(process_ends, killed_spawner_ends_children_then_restarts)
{
    assert_passes(survive_the_spawner);
}

static bool has_stopped(pid_t pid)
{
    char path[40], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    CHILD_CHECK(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
    fclose(file);
    return state == 'T';
}

static void start_too_late(void)
{
    const char *const argv[] = {"true", NULL};
    filch_process_config config = {.argv = argv};
    filch_process *process = NULL, *other = NULL;
    start_spawner();
    pid_t spawner = start_below(&process);
    CHILD_CHECK(kill(spawner, SIGSTOP) == 0);
    WAIT_WHILE(!has_stopped(spawner));
    CHILD_CHECK(filch_process_spawn(&other, &config, 0) == -ETIMEDOUT);
    CHILD_CHECK(!other && kill(spawner, SIGCONT) == 0);
    CHILD_CHECK(spawn_script(&other, "exit 1", 0, 0) == 0 && outcome_of(other) == 1);
    filch_process_destroy(other);
    filch_process_destroy(process);
}

Test(process_ends, a_start_has_a_deadline)
{
    assert_passes(start_too_late);
}

/* ---- fork() ---- */

static void have_own_children(void)
{
    filch_process *process = NULL, *own = NULL;
    start_spawner();
    CHILD_CHECK(spawn_script(&process, "read x; exit 2", FILCH_PROCESS_PIPE, 0) == 0);
    pid_t pid = fork();
    if (!pid) {
        CHILD_CHECK(spawn_script(&own, "exit 1", 0, 0) == -ENOTCONN);
        filch_process_destroy(process); /* its parent's: stays */
        start_spawner();
        CHILD_CHECK(spawn_script(&own, "exit 1", 0, 0) == 0 && outcome_of(own) == 1);
        _exit(0);
    }
    int status = -1;
    CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHILD_CHECK(filch_process_write(process, "\n", 1, FILCH_FOREVER) == 0);
    CHILD_CHECK(outcome_of(process) == 2);
    filch_process_destroy(process);
}

Test(process_ends, forked_child_has_own_spawner)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    assert_passes(have_own_children);
}

/* ---- Programs that cannot be run ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    CHILD_CHECK(file && fputs(text, file) >= 0 && !fclose(file) && !chmod(path, mode));
}

static void try_to_run(const char *program, const char *directory, int error)
{
    filch_process *process = NULL;
    const char *const argv[] = {program, NULL};
    filch_process_config config = {.argv = argv, .directory = directory};
    int rc = filch_process_spawn(&process, &config, FILCH_FOREVER);
    if (rc != -error || process || !strstr(filch_error(), program))
        dprintf(STDERR_FILENO, "%s: %d: %s\n", program, rc, filch_error());
    CHILD_CHECK(rc == -error && !process && strstr(filch_error(), program));
}

static void run_bad_programs(void)
{
    char folder[] = "/tmp/filch-process-XXXXXX";
    CHILD_CHECK(mkdtemp(folder) && !chdir(folder));
    write_file("text", "no program", 0755);
    write_file("locked", "#!/bin/sh\n", 0644);
    write_file("orphan", "#!/no/such/interpreter\n", 0755);
    setenv("PATH", "relative:/no/such/folder:/usr/bin:/bin", 1);
    CHILD_CHECK(filch_spawner_start() == 0);
    try_to_run("/no/such/program", NULL, ENOENT);
    timer_thread_has_begun();
    unsigned files = process_files(); /* the timer thread has its own now */
    try_to_run("no-such-program", NULL, ENOENT);
    try_to_run("text", NULL, ENOENT); /* not in PATH */
    try_to_run("./text", NULL, ENOEXEC);
    try_to_run("./locked", NULL, EACCES);
    try_to_run("./orphan", NULL, ENOENT);
    try_to_run("./text/x", NULL, ENOTDIR);
    try_to_run("./", NULL, EACCES);
    WAIT_WHILE(process_files() > files); /* another thread may have one open for a moment */
    CHILD_CHECK(process_files() == files);
    unlink("text"), unlink("locked"), unlink("orphan");
    CHILD_CHECK(!chdir("/") && !rmdir(folder));
}

Test(process_ends, unrunnable_program_is_named_with_error)
{
    assert_passes(run_bad_programs);
}

static void pass_too_much(void)
{
    static char long_one[1 << 20];
    memset(long_one, 'x', sizeof long_one - 1);
    const char *const argv[] = {"true", long_one, NULL};
    filch_process *process = NULL;
    start_spawner();
    CHILD_CHECK(filch_process_spawn(&process, &(filch_process_config){.argv = argv},
                                    FILCH_FOREVER) == -E2BIG);
    const char *many[1001] = {"true"}; /* more than a socket holds */
    long_one[1000] = '\0';
    for (unsigned i = 1; i < 1000; i++)
        many[i] = long_one;
    CHILD_CHECK(
        filch_process_spawn(&process, &(filch_process_config){.argv = many}, FILCH_FOREVER) == 0);
    CHILD_CHECK(outcome_of(process) == 0);
    filch_process_destroy(process);
}

Test(process_ends, only_too_long_arguments_are_refused)
{
    assert_passes(pass_too_much);
}

/* ---- Misuse ---- */

#define REFUSES(error, ...)                                                                        \
    do {                                                                                           \
        filch_process *none_ = NULL;                                                               \
        filch_process_config config_ = {__VA_ARGS__};                                              \
        CHILD_CHECK(filch_process_spawn(&none_, &config_, FILCH_FOREVER) == -(error) && !none_);   \
        CHILD_CHECK(strchr(filch_error(), ';'));                                                   \
    } while (0)

static void misuse(void)
{
    static const char *const argv[] = {"true", NULL}, *const none[] = {NULL},
                             *const empty[] = {"", NULL};
    filch_process *process = NULL;
    filch_process_config good = {.argv = argv};
    REFUSES(ENOTCONN, .argv = argv);
    CHILD_CHECK(strstr(filch_error(), "filch_spawner_start first in main"));
    start_spawner();
    REFUSES(EINVAL, .argv = NULL);
    REFUSES(EINVAL, .argv = none);
    REFUSES(EINVAL, .argv = empty);
    REFUSES(EINVAL, .argv = argv, .in = -4);
    REFUSES(EINVAL, .argv = argv, .out = FILCH_PROCESS_TO_OUT);
    REFUSES(EBADF, .argv = argv, .err = 1000);
    REFUSES(ENOENT, .argv = argv, .directory = "/no/such/folder");
    REFUSES(ENOTDIR, .argv = argv, .directory = "/bin/sh");
    CHILD_CHECK(filch_process_spawn(NULL, &good, FILCH_FOREVER) == -EINVAL);
    CHILD_CHECK(filch_process_spawn(&process, NULL, FILCH_FOREVER) == -EINVAL);
    CHILD_CHECK(filch_process_spawn(&process, &good, -1) == -EINVAL);
    CHILD_CHECK(filch_process_write(NULL, "x", 1, 0) == -EINVAL);
    CHILD_CHECK(filch_process_wait(NULL, NULL, NULL, 0) == -EINVAL);
    CHILD_CHECK(filch_process_kill(NULL, SIGTERM) == -EINVAL);
    filch_process_close_in(NULL);
}

Test(process_ends, misuse_is_refused_and_explained)
{
    assert_passes(misuse);
}

static void change_user(void)
{
    const char *const argv[] = {"true", NULL};
    start_spawner();
    CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
    REFUSES(EPERM, .argv = argv);
}

Test(process_ends, children_get_no_dropped_parent_rights)
{
    if (geteuid())
        cr_skip_test("needs root");
    assert_passes(change_user);
}

/* ---- Lack of processes and files ---- */

static void lack_processes(void)
{
    const char *const argv[] = {"true", NULL};
    seccomp_deny_argument(SYS_clone, 0, SIGCHLD, EAGAIN);
    start_spawner();
    REFUSES(EAGAIN, .argv = argv);
}

static void lack_spawner(void)
{
    seccomp_deny_argument(SYS_clone, 0, 0, EAGAIN);
    CHILD_CHECK(filch_spawner_start() == -EAGAIN && strchr(filch_error(), ';'));
}

Test(process_ends, a_refused_process_is_reported)
{
    assert_passes(lack_processes);
    assert_passes(lack_spawner);
}

/* With so many more files than are open; there may be gaps between those. */
static void limit_files(unsigned more)
{
    enum { MOST = 64 };
    int files[MOST + 1];
    struct rlimit limit;
    CHILD_CHECK(more <= MOST);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (unsigned i = 0; i <= more; i++)
        CHILD_CHECK((files[i] = dup(STDERR_FILENO)) >= 0);
    limit.rlim_cur = (rlim_t)files[more];
    for (unsigned i = 0; i <= more; i++)
        close(files[i]);
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void lack_files_for_spawner(void)
{
    unsigned refused = 0;
    int rc;
    while (limit_files(refused), (rc = filch_spawner_start()) == -EMFILE)
        refused++;
    CHILD_CHECK(rc == 0 && refused > 0);
}

/* Returns how often it was refused until there were files enough. */
static unsigned lack_files(void)
{
    unsigned refused = 0, before = process_files();
    filch_process *process = NULL;
    int rc;
    while (limit_files(refused), (rc = spawn_script(&process, "exit 0", FILCH_PROCESS_PIPE,
                                                    FILCH_PROCESS_PIPE)) == -EMFILE)
        refused++;
    CHILD_CHECK(rc == 0 && outcome_of(process) == 0);
    filch_process_destroy(process);
    CHILD_CHECK(process_files() == before);
    return refused;
}

static void lack_files_for_children(void)
{
    filch_process *process = NULL;
    start_spawner();
    CHILD_CHECK(spawn_script(&process, "exit 0", 0, 0) == 0 && outcome_of(process) == 0);
    filch_process_destroy(process); /* the timer thread has its files now */
    CHILD_CHECK(lack_files() > 4);
}

Test(process_ends, descriptor_shortage_is_reported_without_leaks)
{
    assert_passes(lack_files_for_spawner);
    assert_passes(lack_files_for_children);
}
