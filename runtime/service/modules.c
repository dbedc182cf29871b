/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/modules.h>

#include <filch/wait.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* Brokers in modules of Filch. Any other scheme is the name of its module. */
static const struct {
    const char *schemes, *paths; /* paths: those without "//" after the colon */
    const char *module;
    const char *library; /* Debian's package of its client library; a newer release has another
                            number in it */
    const char *headers; /* the one to build it with */
} known[] = {
#include <known_brokers.h> /* made from the files broker.cmake */
};
enum { KNOWN = sizeof known / sizeof *known };

/* ---- Schemes ---- */

static bool has_scheme(const char *schemes, const char *scheme)
{
    size_t length = strlen(scheme);
    for (const char *at = schemes; *at;) {
        size_t size = strcspn(at, " ");
        if (size == length && strncmp(at, scheme, length) == 0)
            return true;
        at += size + strspn(at + size, " ");
    }
    return false;
}

bool fl_broker_url_start(unsigned i, fl_module_name start)
{
    strcpy(start, "memory:");
    if (i-- == 0)
        return true;
    for (unsigned row = 0; row < KNOWN; row++)
        for (const char *at = known[row].schemes; *at; i--) {
            size_t length = strcspn(at, " ");
            snprintf(start, sizeof(fl_module_name), "%.*s", (int)length, at);
            if (i == 0) {
                strcat(start, has_scheme(known[row].paths, start) ? ":" : "://");
                return true;
            }
            at += length + strspn(at + length, " ");
        }
    return false;
}

/* Up to the colon; false: there is none, or this is no scheme, which may hold a password. */
static bool read_scheme(const char *url, fl_module_name scheme)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
    size_t length = strspn(url, valid);
    snprintf(scheme, sizeof(fl_module_name), "%.*s", (int)length, url);
    return length && length < sizeof(fl_module_name) && url[length] == ':' && url[0] >= 'a';
}

static const fl_broker_kind *refuse_scheme(const char *url)
{
    char valid[240] = "memory";
    fl_module_name start;
    size_t length = strcspn(url, ":");
    for (unsigned i = 0; !url[length] && fl_broker_url_start(i, start); i++)
        if (strcspn(start, ":") == length && strncmp(start, url, length) == 0) {
            filch_error_set(-EINVAL, "broker '%s' is not a URL (write %s...)", url, start);
            return NULL;
        }
    for (unsigned i = 0; i < KNOWN; i++) {
        size_t used = strlen(valid);
        snprintf(valid + used, sizeof valid - used, " %s", known[i].schemes);
    }
    /* only the scheme: the rest may hold a password */
    filch_error_set(-EINVAL,
                    "unknown broker '%.*s' (valid schemes, before a colon: %s, and NAME of a "
                    "module filch-broker-NAME.so)",
                    length < 32 ? (int)length : 32, url, valid);
    return NULL;
}

/* ---- Absent modules ---- */

static const fl_broker_kind *refuse_absent(const char *name, const char *headers)
{
    char folder[PATH_MAX], folders[120] = "";
    for (unsigned i = 0; fl_module_folder(i, folder); i++) {
        size_t used = strlen(folders);
        snprintf(folders + used, sizeof folders - used, "%s%.100s", i ? ":" : "", folder);
    }
    filch_error_set(-EINVAL,
                    "cannot load broker: filch-broker-%s.so (not found in %s); build Filch where "
                    "%s is installed",
                    name, folders, headers);
    return NULL;
}

const fl_broker_kind *fl_broker_load(const char *name)
{
    char path[PATH_MAX], advice[80] = "";
    unsigned row = 0;
    while (row < KNOWN && strcmp(known[row].module, name) != 0)
        row++;
    if (!fl_module_find(name, path))
        return row < KNOWN ? refuse_absent(name, known[row].headers) : refuse_scheme(name);
    if (row < KNOWN)
        snprintf(advice, sizeof advice, "; install its client library (Debian 12: %s)",
                 known[row].library);
    return fl_module_load(name, path, advice);
}

const fl_broker_kind *fl_broker_of(const char *url)
{
    fl_module_name scheme;
    if (!read_scheme(url, scheme))
        return refuse_scheme(url);
    for (unsigned i = 0; fl_brokers_built_in[i]; i++)
        if (has_scheme(fl_brokers_built_in[i]->schemes, scheme))
            return fl_brokers_built_in[i];
    unsigned row = 0;
    while (row < KNOWN && !has_scheme(known[row].schemes, scheme))
        row++;
    const fl_broker_kind *kind = fl_broker_load(row < KNOWN ? known[row].module : scheme);
    if (!kind || has_scheme(kind->schemes, scheme))
        return kind;
    filch_error_set(-EINVAL, "the module of broker '%s' has only the schemes '%.80s'", scheme,
                    kind->schemes);
    return NULL;
}

/* ---- Capabilities ---- */

static const struct {
    const char *name;
    size_t offset;
} features[] = {
    {"durable", offsetof(fl_broker_caps, durable)},
    {"priority", offsetof(fl_broker_caps, priority)},
    {"delay", offsetof(fl_broker_caps, delay)},
    {"dedup", offsetof(fl_broker_caps, dedup)},
    {"remembers", offsetof(fl_broker_caps, remembers)},
    {"expiry", offsetof(fl_broker_caps, expiry)},
    {"deliveries", offsetof(fl_broker_caps, deliveries)},
    {"extends", offsetof(fl_broker_caps, extends)},
    {"keeps-leases", offsetof(fl_broker_caps, keeps_leases)},
    {"transactions", offsetof(fl_broker_caps, transactions)},
    {"count", offsetof(fl_broker_caps, counts)},
    {"peek", offsetof(fl_broker_caps, peek)},
    {"cancel", offsetof(fl_broker_caps, cancel)},
    {"pause", offsetof(fl_broker_caps, pause)},
    {"stop", offsetof(fl_broker_caps, stop)},
    {"records", offsetof(fl_broker_caps, records)},
};
enum { FEATURES = sizeof features / sizeof *features };

const char *fl_broker_feature(unsigned i)
{
    return i < FEATURES ? features[i].name : NULL;
}

bool fl_broker_has(const fl_broker_caps *caps, unsigned i)
{
    return *(const bool *)((const char *)caps + features[i].offset);
}

void fl_broker_leases(const fl_broker_caps *caps, char *text, size_t size)
{
    if (!caps->lease_most)
        snprintf(text, size, "no");
    else if (caps->lease_most == FILCH_FOREVER)
        snprintf(text, size, "of any length");
    else
        snprintf(text, size, "up to %" PRId64 " s", caps->lease_most / FILCH_SECOND);
}

size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size)
{
    char line[512], leases[40];
    size_t used = (size_t)snprintf(line, sizeof line, "%s:", kind->name);
    for (unsigned i = 0; i < FEATURES; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %s %s;", features[i].name,
                                 fl_broker_has(caps, i) ? "yes" : "no");
    fl_broker_leases(caps, leases, sizeof leases);
    snprintf(line + used, sizeof line - used, " leases %s", leases);
    return (size_t)snprintf(text, size, "%s", line);
}

/* ---- Loading ---- */

typedef struct module {
    struct module *next;
    fl_module_name name;
    fl_broker_kind kind; /* a copy, with zero bytes for functions that it lacks */
} module;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static module *modules; /* under the lock; never removed */

FILCH_PRINTF(2, 3)
static int refuse(const char *path, const char *format, ...)
{
    char reason[160];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    return filch_error_set(-EINVAL, "cannot load broker: %.100s (%s", path, reason);
}

static int check_kind(const char *path, const fl_broker_kind *kind)
{
    if (kind->abi != FL_BROKER_ABI)
        return refuse(path, "ABI %u, valid: %d); rebuild it", kind->abi, FL_BROKER_ABI);
    if (kind->size < offsetof(fl_broker_kind, publish) + sizeof kind->publish || !kind->name ||
        !kind->schemes || !kind->open || !kind->close || !kind->receive || !kind->settle ||
        !kind->publish)
        return refuse(path, "it lacks open, close, receive, settle or publish, its name or its "
                            "schemes); add them");
    return 0;
}

/* Functions that capabilities promise. */
static const struct {
    size_t cap, function;
    const char *cap_name, *name;
} promised[] = {
#define PROMISED(cap, function)                                                                    \
    {                                                                                              \
        offsetof(fl_broker_kind, caps.cap), offsetof(fl_broker_kind, function), #cap, #function    \
    }
    PROMISED(counts, count),   PROMISED(peek, peek),    PROMISED(cancel, cancel),
    PROMISED(pause, pause),    PROMISED(stop, stop),    PROMISED(stop, stopped),
    PROMISED(extends, extend), PROMISED(records, note), PROMISED(records, record),
};

/* kind: with zero bytes for functions that the module lacks. */
static int check_promises(const char *path, const fl_broker_kind *kind)
{
    const char *at = (const char *)kind;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        void (*function)(void);
        memcpy(&function, at + promised[i].function, sizeof function);
        if (*(const bool *)(at + promised[i].cap) && !function)
            return refuse(path, "capability '%s' without function '%s'); add it",
                          promised[i].cap_name, promised[i].name);
    }
    return 0;
}

/* Why dlopen has failed, without the path. */
static const char *reason_of(const char *path)
{
    const char *said = dlerror();
    size_t length = strlen(path);
    return strncmp(said, path, length) == 0 && strncmp(said + length, ": ", 2) == 0
               ? said + length + 2
               : said;
}

/* Loads the file into *out. Under the lock. */
static int load(fl_broker_kind *out, const char *path, const char *advice)
{
    const char *why;
    if (fl_object_check(path, &why))
        return refuse(path, "%s); change that", why);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return refuse(path, "%.90s)%s", reason_of(path), advice);
    const fl_broker_kind *const *symbol = dlsym(object, FL_BROKER_MODULE);
    int rc = symbol && *symbol ? check_kind(path, *symbol)
                               : refuse(path, "it has no symbol %s); export it", FL_BROKER_MODULE);
    if (!rc) {
        memcpy(out, *symbol, (*symbol)->size < sizeof *out ? (*symbol)->size : sizeof *out);
        rc = check_promises(path, out);
    }
    if (rc)
        dlclose(object);
    return rc;
}

static const module *find(const char *name)
{
    for (const module *one = modules; one; one = one->next)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

/* Under the lock. */
static const module *add(const char *name, const char *path, const char *advice)
{
    module *one = calloc(1, sizeof *one);
    if (!one)
        filch_error_set(-EINVAL, "no memory for a broker; free some");
    if (!one || load(&one->kind, path, advice)) {
        free(one);
        return NULL;
    }
    snprintf(one->name, sizeof one->name, "%s", name);
    one->next = modules;
    modules = one;
    return one;
}

const fl_broker_kind *fl_module_load(const char *name, const char *path, const char *advice)
{
    pthread_mutex_lock(&lock);
    const module *one = find(name);
    if (!one)
        one = add(name, path, advice);
    pthread_mutex_unlock(&lock);
    return one ? &one->kind : NULL;
}

/* ---- Where they lie ---- */

static const char prefix[] = "filch-broker-", suffix[] = ".so";

/* ---- Folders ---- */

/* The folder beside the program or library that this function is part of. */
static bool own_folder(char folder[PATH_MAX])
{
    char path[PATH_MAX];
    Dl_info info;
    struct link_map *map = NULL;
    if (getauxval(AT_SECURE) ||
        !dladdr1((void *)(uintptr_t)own_folder, &info, (void **)&map, RTLD_DL_LINKMAP))
        return false;
    bool is_program = !*map->l_name;
    if (!realpath(is_program ? "/proc/self/exe" : map->l_name, path))
        return false;
    int length = (int)(strrchr(path, '/') - path);
    return snprintf(folder, PATH_MAX, "%.*s/%s", length, path,
                    is_program ? FL_MODULES_FROM_PROGRAM : FL_MODULES_FROM_LIBRARY) < PATH_MAX;
}

/* The i-th entry of a list with colons between, or the rest of *i. */
static bool listed_folder(const char *list, unsigned *i, char folder[PATH_MAX])
{
    for (; *list; list += strcspn(list, ":")) {
        list += strspn(list, ":");
        if (*list && !(*i)--) {
            snprintf(folder, PATH_MAX, "%.*s", (int)strcspn(list, ":"), list);
            return true;
        }
    }
    return false;
}

static bool has_folder(unsigned i, char folder[PATH_MAX])
{
    const char *list = secure_getenv("FILCH_BROKER_PATH");
    if (list && listed_folder(list, &i, folder))
        return true;
    bool has_own = own_folder(folder);
    if (has_own && i == 0)
        return true;
    snprintf(folder, PATH_MAX, "%s", FL_MODULES_INSTALLED);
    return i == (unsigned)has_own;
}

bool fl_module_folder(unsigned i, char folder[PATH_MAX])
{
    char found[PATH_MAX];
    if (!has_folder(i, folder))
        return false;
    if (folder[0] == '/' && realpath(folder, found))
        memcpy(folder, found, sizeof found);
    return true;
}

/* ---- Finding one ---- */

bool fl_module_find(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    for (unsigned i = 0; fl_module_folder(i, folder); i++) {
        int size = snprintf(path, PATH_MAX, "%s/%s%s%s", folder, prefix, name, suffix);
        if (size < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static bool has_name(const fl_module_name *names, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Adds the names in a folder that are not there yet. */
static unsigned add_names(const char *folder, fl_module_name *names, unsigned count, unsigned most)
{
    DIR *all = opendir(folder);
    const struct dirent *entry;
    fl_module_name name;
    while (all && count < most && (entry = readdir(all))) {
        size_t length = strlen(entry->d_name), around = sizeof prefix + sizeof suffix - 2;
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0 || length <= around ||
            length - around >= sizeof name ||
            strcmp(entry->d_name + length - (sizeof suffix - 1), suffix) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(length - around),
                 entry->d_name + sizeof prefix - 1);
        if (!has_name(names, count, name))
            memcpy(names[count++], name, sizeof name);
    }
    if (all)
        closedir(all);
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

unsigned fl_module_names(fl_module_name *names, unsigned most)
{
    char folder[PATH_MAX];
    unsigned count = 0;
    for (unsigned i = 0; fl_module_folder(i, folder); i++)
        if (folder[0] == '/')
            count = add_names(folder, names, count, most);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

/* ---- Objects ---- */

static bool is_foreign(const struct stat *found)
{
    return found->st_uid && found->st_uid != geteuid();
}

static bool is_open(const struct stat *found)
{
    return found->st_mode & (S_IWGRP | S_IWOTH);
}

static int refuse_object(int rc, const char **why, const char *says)
{
    *why = says;
    return rc;
}

static int check_folder(const char *path, const char **why)
{
    struct stat found;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s/.", (int)(strrchr(path, '/') - path), path);
    if (stat(folder, &found))
        return refuse_object(-EPERM, why, "lies in a folder that cannot be examined");
    if (is_foreign(&found))
        return refuse_object(-EPERM, why, "lies in a folder of another user");
    return is_open(&found)
               ? refuse_object(-EPERM, why,
                               "lies in a folder that is writable by its group or by others")
               : 0;
}

int fl_object_check(const char *path, const char **why)
{
    struct stat found;
    if (path[0] != '/')
        return refuse_object(-EINVAL, why, "is not an absolute path");
    if (strlen(path) >= PATH_MAX || lstat(path, &found))
        return refuse_object(-ENOENT, why, "not found");
    if (!S_ISREG(found.st_mode))
        return refuse_object(-EPERM, why, "is not a regular file (give the target of a link)");
    if (is_foreign(&found))
        return refuse_object(-EPERM, why, "belongs to neither root nor this user");
    return is_open(&found) ? refuse_object(-EPERM, why, "is writable by its group or by others")
                           : check_folder(path, why);
}
