/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * PostgreSQL servers of a test, each with a folder and a loopback port of its own, as user postgres
 * if the test runs as root. The user `filch` may log in without a password, `locked` with the
 * password "secret".
 *
 * The tests of a run share a server, though each is a process. The first one forks a guard,
 * which starts the server, and ends it when the test runner, the parent of all tests, has ended. The
 * guard holds a lock on a file, so that later tests see it live. A test that breaks servers starts
 * another as its child. No server outlives the process that started it. */
#ifndef SERVICE_POSTGRES_H
#define SERVICE_POSTGRES_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

typedef struct pg_server {
    char folder[160]; /* with data, log and, for the shared one, locks */
    unsigned port;
    pid_t pid;
} pg_server;

/* ---- Programs ---- */

/* The folder of initdb, or "": PATH. */
static inline void pg_find(char *to, size_t size)
{
    glob_t found;
    to[0] = '\0';
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0)
        snprintf(to, size, "%s/", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

/* root may not run a server. */
static inline const struct passwd *pg_user(void)
{
    const struct passwd *user = getuid() ? NULL : getpwnam("postgres");
    return user || getuid() ? user : getpwnam("nobody");
}

/* Starts a program in the server's folder, with its output in the log. It ends with this process.
 * argv[0] is replaced by the program's path: otherwise initdb searches PATH, which does not have its
 * folder on Debian. */
static inline pid_t pg_spawn(const pg_server *s, char *argv[])
{
    char program[256], *name = argv[0];
    const struct passwd *user = pg_user();
    pid_t parent = getpid();
    pg_find(program, sizeof program - 64);
    strcat(program, name);
    pid_t pid = fork();
    if (pid)
        return pid;
    if (user && (setgroups(0, NULL) || setgid(user->pw_gid) || setuid(user->pw_uid)))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* the server ends at once, and tells its children */
    int log = chdir(s->folder) ? -1 : open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || getppid() != parent || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    unsetenv("LD_PRELOAD");
    argv[0] = program;
    execv(program, argv);
    argv[0] = name;
    execvp(name, argv);
    _exit(127);
}

static inline bool pg_run(const pg_server *s, char *argv[])
{
    int status = -1;
    pid_t pid = pg_spawn(s, argv);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- Servers ---- */

static inline void pg_write(const pg_server *s, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file))
        cr_assert(0, "%s", path);
}

#define PG_SETTINGS                                                                                \
    "listen_addresses='127.0.0.1'\nunix_socket_directories=''\nshared_buffers=16MB\n"              \
    "autovacuum=off\nssl=on\nmax_connections=250\n"

/* safe: it survives a power failure, too. */
static inline bool pg_init(const pg_server *s, bool safe)
{
    const struct passwd *user = pg_user();
    if (user && chown(s->folder, user->pw_uid, user->pw_gid))
        return false;
    if (!pg_run(s, (char *[]){"initdb", "--no-sync", "-D", "data", "-U", "filch", "-A", "trust",
                              "-E", "UTF8", "--locale=C", NULL}))
        return false;
    pg_write(s, "data/postgresql.conf", safe ? PG_SETTINGS : PG_SETTINGS "fsync=off\n");
    pg_write(s, "data/pg_hba.conf",
             "host all locked 127.0.0.1/32 scram-sha-256\n"
             "host all all 127.0.0.1/32 trust\n");
    return pg_run(s, (char *[]){"sh", "-c",
                                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                                "-nodes -days 1 -subj /CN=localhost -keyout data/server.key "
                                "-out data/server.crt",
                                NULL});
}

/* Starts it, again on its port if it had one, and returns when it answers. Where another server has taken the port, that
 * one may not answer at all. */
static inline bool pg_start(pg_server *s)
{
    char port[16], url[80];
    s->port = s->port ? s->port : (unsigned)port_free();
    snprintf(port, sizeof port, "%u", s->port);
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres?connect_timeout=2", s->port);
    s->pid = pg_spawn(s, (char *[]){"postgres", "-D", "data", "-p", port, NULL});
    for (unsigned turn = 0; PQping(url) != PQPING_OK; turn++) {
        if (s->pid <= 0 || waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            return false;
        }
        be_patient(turn);
    }
    return true;
}

/* Makes and starts it, on another port where one was taken meanwhile. */
static inline bool pg_begin(pg_server *s, bool safe)
{
    bool made = pg_init(s, safe), started = false;
    for (unsigned tries = 0; made && !started && tries < 5; tries++) {
        s->port = 0;
        started = pg_start(s);
    }
    return started;
}

/* After a kill it is refused until the last of the old server's processes has gone. */
static inline void pg_restart(pg_server *s)
{
    enum { TRIES = 10000 };
    for (unsigned turn = 0; !pg_start(s); turn++) {
        cr_assert_lt(turn, TRIES, "see %s/log", s->folder);
        be_patient(turn);
    }
}

static inline void pg_kill(pg_server *s, int signal)
{
    if (s->pid <= 0) /* it has ended; kill() takes such numbers for groups, and -1 for everything */
        return;
    kill(s->pid, signal);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

/* ---- The shared one ---- */

static inline int pg_open_lock(const pg_server *s, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Sends the end of the log. */
static inline void pg_report(const pg_server *s, int to)
{
    char path[256], text[1024];
    snprintf(path, sizeof path, "%s/log", s->folder);
    int log = open(path, O_RDONLY | O_CLOEXEC);
    lseek(log, -(off_t)sizeof text, SEEK_END); /* fails if it is shorter */
    ssize_t size = log < 0 ? 0 : read(log, text, sizeof text);
    size = size > 0 ? write(to, text, (size_t)size) : 0;
    close(log);
}

/* The guard's life. */
static inline void pg_keep(pg_server *s, pid_t runner, int told)
{
    char port[16];
    guard_become(runner, -1, told);
    int alive = pg_open_lock(s, "alive");
    bool started = flock(alive, LOCK_EX) == 0 && pg_begin(s, false);
    if (started) {
        snprintf(port, sizeof port, "%u", s->port);
        pg_write(s, "port", port);
        started = write(GUARD_OWN, "!", 1) == 1;
        close(GUARD_OWN);
        guard_wait(-1);
        pg_kill(s, SIGQUIT);
    } else {
        pg_report(s, GUARD_OWN);
    }
    folder_remove(s->folder);
    _exit(0);
}

static inline bool pg_is_kept(const pg_server *s)
{
    int alive = pg_open_lock(s, "alive");
    bool kept = flock(alive, LOCK_EX | LOCK_NB) != 0;
    close(alive);
    return kept;
}

/* The server of this run's tests. */
static inline const pg_server *pg_shared(void)
{
    static pg_server s;
    char port[16] = "";
    if (s.port)
        return &s;
    snprintf(s.folder, sizeof s.folder, "%s/filch-postgres-%d", folder_above(), (int)getppid());
    mkdir(s.folder, 0700);
    int begun = open(s.folder, O_RDONLY | O_CLOEXEC); /* only one test starts it */
    cr_assert(begun >= 0 && flock(begun, LOCK_EX) == 0, "%s", s.folder);
    if (!pg_is_kept(&s)) {
        int told[2];
        char text[1025] = "";
        cr_assert_eq(pipe(told), 0);
        pid_t runner = getppid();
        if (fork() == 0)
            pg_keep(&s, runner, told[1]);
        close(told[1]);
        cr_assert(read(told[0], text, sizeof text - 1) == 1 && *text == '!',
                  "the server did not start: %s", text);
        close(told[0]);
    }
    FILE *file = NULL;
    char path[256];
    snprintf(path, sizeof path, "%s/port", s.folder);
    cr_assert((file = fopen(path, "r")) && fgets(port, sizeof port, file));
    fclose(file);
    close(begun);
    s.port = (unsigned)atoi(port);
    return &s;
}

/* ---- SQL ---- */

static inline PGconn *pg_connect(const pg_server *s)
{
    char url[80];
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", s->port);
    PGconn *db = PQconnectdb(url);
    cr_assert_eq(PQstatus(db), CONNECTION_OK, "%s", PQerrorMessage(db));
    return db;
}

/* Runs statements, and returns the first value of the last one, "" if it has none, until the next
 * call. */
static inline const char *pg_ask(PGconn *db, const char *format, ...)
{
    static char value[256];
    char sql[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    PGresult *rows = PQexec(db, sql);
    cr_assert_leq(PQresultStatus(rows), PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(db));
    snprintf(value, sizeof value, "%s", PQntuples(rows) ? PQgetvalue(rows, 0, 0) : "");
    PQclear(rows);
    return value;
}

#endif
