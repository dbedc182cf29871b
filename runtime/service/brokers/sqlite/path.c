/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/sqlite.h>

#include <runtime/service/broker.h>

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

static fl_broker_rc read_option(const fl_broker_host *host, const char *option, bool *full)
{
    if (strcmp(option, "sync=full") == 0)
        *full = true;
    else if (strcmp(option, "sync=normal") == 0)
        *full = false;
    else
        return host->explain(host, FL_BROKER_FATAL,
                             "unknown option of sqlite: '%s' (valid: sync=full, sync=normal)",
                             option);
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqlite_parse(const fl_broker_host *host, const char *url, char **path, bool *full)
{
    const char *name = strchr(url, ':') + 1, *options = strchr(name, '?');
    size_t length = options ? (size_t)(options - name) : strlen(name);
    *full = true;
    if (options && read_option(host, options + 1, full))
        return FL_BROKER_FATAL;
    *path = length ? strndup(name, length) : default_path();
    if (*path)
        return FL_BROKER_OK;
    return host->explain(host, FL_BROKER_FATAL,
                         length ? "no memory for a path"
                                : "no default database: HOME is not set; give a path, as in "
                                  "sqlite:/var/lib/jobs.db");
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
