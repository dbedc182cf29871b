/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

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
     "normal: faster; a power failure may undo the last confirmed messages, the end of a process "
     "undoes none; default: full",
     FL_URL_WORD, 0, 0, 0},
};

const fl_url_kind fl_sqlite_url_kind = {
    .name = "sqlite", .form = "sqlite:PATH", .options = known, .count = 1, .others = ""};

fl_broker_rc fl_sqlite_parse(const fl_broker_host *host, const char *url, char **path, bool *full)
{
    fl_url parts;
    unsigned sync = 0;
    fl_broker_rc rc = fl_url_cut_path(host, url, &parts);
    rc = rc ? rc : fl_url_read(host, &fl_sqlite_url_kind, parts.settings, &sync);
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
                         "ones keep its locks)",
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
