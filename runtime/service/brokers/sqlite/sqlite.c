/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `sqlite:` and `sqlite:PATH?sync=full|normal`: queues in a file, for the processes of one
 * machine. The default path is $XDG_STATE_HOME/filch/jobs.db. With sync=full, the default, a
 * confirmed message survives a power failure; with sync=normal it survives the end of every
 * process, and a power failure may undo the last transactions. */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/modules.h>
#include <runtime/service/url.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* ---- Life ---- */

static void close_sqlite(fl_broker *broker)
{
    fl_sqlite *s = fl_sqlite_of(broker);
    fl_sqlite_store_close(s);
    if (s->inotify >= 0)
        close(s->inotify);
    free(s->path);
    free(s);
}

/* In a transaction, unless it reads only. */
static int find_queues(fl_sqlite *s)
{
    int rc = SQLITE_OK;
    for (unsigned i = 0; i < s->queue_count && !rc; i++) {
        char dead[256];
        snprintf(dead, sizeof dead, "%s.dlq", s->config.queues[i]);
        rc = fl_sqlite_queue_id(s, s->config.queues[i], &s->queues[i].id);
        if (!rc)
            rc = fl_sqlite_queue_id(s, dead, &s->queues[i].dead_id);
    }
    return rc;
}

static fl_broker_rc prepare_to_wait(fl_sqlite *s)
{
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int error = s->inotify >= 0 ? fl_sqlite_watch_file(s) : errno;
    if (!error)
        return FL_BROKER_OK;
    return s->base.host->explain(s->base.host, FL_BROKER_LOST,
                                 "cannot watch %s-wal (%s); raise fs.inotify.max_user_instances "
                                 "and max_user_watches",
                                 s->path, strerror(error));
}

static fl_broker_rc connect_to_read(fl_sqlite *s)
{
    const fl_broker_host *host = s->base.host;
    if (access(s->path, F_OK) && errno == ENOENT)
        return host->explain(host, FL_BROKER_REFUSED,
                             "no database yet: %s; start a service, or enqueue a job", s->path);
    fl_sqlite_note_file(s);
    fl_broker_rc rc = fl_sqlite_store_open_to_read(s);
    return rc || !find_queues(s) ? rc : fl_sqlite_failed(s, "find queues of");
}

static fl_broker_rc connect_to(fl_sqlite *s, bool full)
{
    fl_broker_rc rc = fl_sqlite_create_file(s->base.host, s->path);
    fl_sqlite_note_file(s);
    if (!rc)
        rc = fl_sqlite_store_open(s, full);
    if (!rc)
        rc = fl_sqlite_begin(s) ? fl_sqlite_failed(s, "open queues of")
                                : fl_sqlite_end(s, find_queues(s), "open queues of");
    if (!rc && s->config.role == FL_BROKER_CONSUMES)
        rc = prepare_to_wait(s);
    return rc;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    bool full;
    char *path = NULL;
    fl_broker_rc rc = fl_sqlite_parse(config->host, config->url, &path, &full);
    free(path);
    return rc;
}

static fl_broker_rc open_sqlite(fl_broker **out, const fl_broker_config *config)
{
    bool full;
    char *path = NULL;
    const fl_broker_host *host = config->host;
    fl_broker_rc rc = fl_sqlite_parse(host, config->url, &path, &full);
    if (rc)
        return rc;
    fl_sqlite *s = calloc(1, sizeof *s + config->queue_count * sizeof *s->queues);
    if (!s) {
        free(path);
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    }
    s->base = (fl_broker){&fl_broker_sqlite, host};
    s->path = path;
    s->config = *config;
    s->queue_count = config->queue_count;
    s->inotify = s->file_watch = -1;
    rc = config->reads ? connect_to_read(s) : connect_to(s, full);
    if (rc)
        close_sqlite(&s->base);
    else
        *out = &s->base;
    return rc;
}

/* ---- Publishing ---- */

/* An SQLite code; *status: 0, or -EEXIST. */
static int publish_one(fl_sqlite *s, const filch_message *message, int *status)
{
    int64_t queue;
    bool is_remembered;
    int rc = fl_sqlite_recall(s, message, &is_remembered);
    if (!rc && is_remembered) {
        *status = -EEXIST;
        return SQLITE_OK;
    }
    if (!rc)
        rc = fl_sqlite_queue_id(s, message->queue, &queue);
    if (!rc)
        rc = fl_sqlite_bind(s, message, queue, fl_sqlite_now(s));
    if (!rc)
        rc = fl_sqlite_run(s, FL_SQL_PUBLISH);
    *status = rc == SQLITE_TOOBIG ? -EMSGSIZE : sqlite3_changes(s->db) ? 0 : -EEXIST;
    sqlite3_clear_bindings(s->statement[FL_SQL_PUBLISH]); /* frees the copies */
    if (rc == SQLITE_TOOBIG)
        return SQLITE_OK;
    return rc || *status ? rc : fl_sqlite_remember(s, message);
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    static const char doing[] = "publish to";
    fl_sqlite *s = fl_sqlite_of(broker);
    fl_broker_rc result = fl_sqlite_check_file(s);
    int rc = result ? SQLITE_OK : fl_sqlite_begin(s);
    if (rc)
        result = fl_sqlite_failed(s, doing);
    for (unsigned i = 0; i < count && !rc && !result; i++)
        rc = publish_one(s, batch[i].message, &batch[i].status);
    if (!result)
        result = fl_sqlite_end(s, rc, doing);
    for (unsigned i = 0; i < count && result; i++)
        batch[i].status = -EAGAIN;
    return result;
}

const fl_broker_kind fl_broker_sqlite = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "sqlite",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_sqlite_url_kind,
    .tested = "SQLite 3.40",
    .caps = {.durable = true,
             .priority = true,
             .delay = true,
             .dedup = true,
             .remembers = true,
             .expiry = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .peek = true,
             .cancel = true,
             .pause = true,
             .lease_most = FILCH_FOREVER,
             .extends = true,
             .stop = true,
             .records = true,
             .commits = true},
    .open = open_sqlite,
    .close = close_sqlite,
    .watch = fl_sqlite_watch,
    .turn = fl_sqlite_turn,
    .receive = fl_sqlite_receive,
    .settle = fl_sqlite_settle,
    .extend = fl_sqlite_extend,
    .publish = publish,
    .count = fl_sqlite_count,
    .peek = fl_sqlite_peek,
    .cancel = fl_sqlite_cancel,
    .pause = fl_sqlite_pause,
    .stop = fl_sqlite_stop,
    .stopped = fl_sqlite_stopped,
    .note = fl_sqlite_note,
    .record = fl_sqlite_record,
    .check = check,
    .exchange = fl_sqlite_exchange,
};

/* ---- URLs ---- */

/* $XDG_STATE_HOME/filch/jobs.db, or below ~/.local/state. NULL: no memory, or no home. */
static char *default_path(void)
{
    const char *state = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");
    char *path = NULL;
    int length = -1;
    if (state && *state == '/') /* others are to be ignored: XDG Base Directory Specification */
        length = asprintf(&path, "%s/filch/jobs.db", state);
    else if (home && *home)
        length = asprintf(&path, "%s/.local/state/filch/jobs.db", home);
    return length < 0 ? NULL : path;
}

static const fl_url_option known[] = {
    {"sync", "full, normal",
     "normal: faster; a power failure may undo the last confirmed messages, but the end of a "
     "process does not; default: full",
     FL_URL_WORD, 0, 0, 0},
};

const fl_url_kind fl_sqlite_url_kind = {
    .name = "sqlite", .form = "sqlite:PATH", .options = known, .count = 1, .others = ""};

/* Paths that mean another file than their user expects. */
static fl_broker_rc check_path(const fl_broker_host *host, const char *path)
{
    if (*path == '~')
        return host->explain(host, FL_BROKER_FATAL,
                             "~ in a URL of sqlite: %.200s (write $HOME for a home, or ./~ for a "
                             "file of that name)",
                             path);
    if (strncmp(path, "//", 2) == 0 && path[2] != '/')
        return host->explain(host, FL_BROKER_FATAL,
                             "// in a URL of sqlite: %.200s (write sqlite:%.200s for a file of the "
                             "current folder, or sqlite:/%.200s)",
                             path, path + 2, path + 2);
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqlite_parse(const fl_broker_host *host, const char *url, char **path, bool *full)
{
    fl_url parts;
    unsigned sync = 0;
    fl_broker_rc rc = fl_url_cut_path(host, url, &parts);
    rc = rc ? rc : fl_url_read(host, &fl_sqlite_url_kind, parts.settings, &sync);
    rc = rc ? rc : check_path(host, parts.path);
    *full = sync == 0;
    if (!rc) {
        *path = *parts.path ? strdup(parts.path) : default_path();
        if (!*path)
            rc = host->explain(host, FL_BROKER_FATAL,
                               *parts.path ? "no memory for a path; free some"
                                           : "no default database: HOME is not set; give a path, "
                                             "as in sqlite:/var/lib/jobs.db");
    }
    fl_url_end(&parts);
    return rc;
}

/* ---- Files ---- */

static fl_broker_rc no_file(const fl_broker_host *host, const char *path, int error)
{
    return host->explain(host, FL_BROKER_REFUSED, "cannot open database: %s (%s)", path,
                         strerror(error));
}

/* Creates the folders above the file. */
static int make_folders(const char *path)
{
    char folder[4096];
    size_t length = strlen(path);
    if (length >= sizeof folder)
        return ENAMETOOLONG;
    memcpy(folder, path, length + 1);
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(folder, 0700) && errno != EEXIST)
            return errno;
        *at = '/';
    }
    return 0;
}

/* Locks of these are slow or missing, and their shared memory is not shared between machines
 * (https://www.sqlite.org/wal.html, section 1; magic numbers: statfs(2)). */
static const struct {
    unsigned magic;
    const char *name;
} networks[] = {
    {0x6969, "nfs"},      {0x517b, "smb"},     {0xff534d42, "cifs"},
    {0xfe534d42, "smb2"}, {0x5346414f, "afs"}, {0x6b414653, "afs"},
    {0x00c36400, "ceph"}, {0x01021997, "9p"},  {0x0bd00bd0, "lustre"},
};

static const char *network_of(const char *path)
{
    struct statfs fs;
    if (statfs(path, &fs))
        return NULL;
    for (unsigned i = 0; i < sizeof networks / sizeof *networks; i++)
        if (networks[i].magic == (unsigned)fs.f_type)
            return networks[i].name;
    return NULL;
}

/* Without a descriptor: the close of any descriptor of a file ends all locks that the process holds
 * on it (fcntl(2)), those of its other connections too. Another process would then take itself for
 * the last one, and remove the file -wal under them, with the messages in it. */
fl_broker_rc fl_sqlite_create_file(const fl_broker_host *host, const char *path)
{
    int error = make_folders(path);
    if (!error && mknod(path, S_IFREG | 0600, 0) && errno != EEXIST)
        error = errno;
    if (!error && faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS))
        error = errno;
    if (error)
        return no_file(host, path, error);
    const char *network = network_of(path);
    if (!network)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_REFUSED,
                         "cannot open database: %s is on a network file system, %s (only local "
                         "ones support its locks)",
                         path, network);
}

/* ---- The file that is open ---- */

void fl_sqlite_note_file(fl_sqlite *s)
{
    struct stat file = {0};
    stat(s->path, &file); /* if it fails, so does the opening, or the first check */
    s->device = file.st_dev;
    s->inode = file.st_ino;
}

fl_broker_rc fl_sqlite_check_file(fl_sqlite *s)
{
    struct stat file;
    const fl_broker_host *host = s->base.host;
    int error = stat(s->path, &file) ? errno : 0;
    if (!error && file.st_dev == s->device && file.st_ino == s->inode)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_LOST,
                         "lost database: %s (%s); stop the programs that use it before you move it",
                         s->path, error ? strerror(error) : "it was replaced");
}

/* ---- Memory ---- */

int fl_sqlite_recall(fl_sqlite *s, const filch_message *message, bool *is)
{
    int64_t one;
    sqlite3_stmt *statement = s->statement[FL_SQL_REMEMBERED];
    *is = false;
    if (!message->dedup)
        return SQLITE_OK;
    sqlite3_bind_text(statement, 1, message->dedup, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, fl_sqlite_now(s));
    int rc = fl_sqlite_value(s, FL_SQL_REMEMBERED, &one);
    *is = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int fl_sqlite_remember(fl_sqlite *s, const filch_message *message)
{
    const fl_broker_host *host = s->base.host;
    sqlite3_stmt *statement = s->statement[FL_SQL_REMEMBER];
    int64_t now = fl_sqlite_now(s);
    if (!message->dedup || message->dedup_for <= 0)
        return SQLITE_OK;
    sqlite3_bind_text(statement, 1, message->dedup, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, now + message->dedup_for);
    sqlite3_bind_int64(statement, 3, host->unix_time(host) + message->dedup_for);
    int rc = fl_sqlite_run(s, FL_SQL_REMEMBER);
    sqlite3_bind_int64(s->statement[FL_SQL_FORGET], 1, now);
    return rc ? rc : fl_sqlite_run(s, FL_SQL_FORGET);
}
