/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * /proc/self/cgroup says in which group the process is, /proc/self/mountinfo where groups can be
 * read. A mount shows the tree from its own root on, which in a container is seldom "/": the
 * directory of group P in a mount of root R at M is M + (P without R). */
#include <runtime/platform/machine/quota.h>

#include <runtime/platform/error.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum version { V1, V2, VERSIONS };

/* One hierarchy that can hold a CPU quota. */
struct hierarchy {
    char *group; /* the process's group, NULL: in none */
    char *root;  /* of the chosen mount, NULL: not mounted */
    char *point; /* where that mount is */
    bool covers; /* group lies below root, so that its directory can be named */
};

/* Whether the comma-separated list holds word. */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);
    while (list) {
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == '\0'))
            return true;
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return false;
}

/* The rest of path below root ("" or "/..."), NULL where path does not lie there. */
static const char *below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return strcmp(path + length, "/") == 0 ? "" : path + length;
}

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* Replaces *at by a copy of text. */
static int keep(char **at, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return fl_fail(ENOMEM, "no memory to read the cgroup's CPU quota; free some");
    free(*at);
    *at = copy;
    return 0;
}

/* A line of /proc/self/cgroup: "id:controllers:group"; v2 has id 0 and no controllers. */
static int take_group(char *line, struct hierarchy *all)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return fl_fail(EINVAL, "/proc/self/cgroup has a line without two colons; "
                               "set FILCH_WORKERS to do without the CPU quota");
    *group++ = '\0';
    controllers++;
    if (list_has(controllers, "cpu"))
        return keep(&all[V1].group, group);
    if (strncmp(line, "0:", 2) == 0 && *controllers == '\0')
        return keep(&all[V2].group, group);
    return 0;
}

/* A line of /proc/self/mountinfo: "id parent device root point options [optional...] - type source
 * superoptions". Of several mounts of a hierarchy the one that shows most of the groups above ours
 * is chosen. */
static int take_mount(char *line, struct hierarchy *all)
{
    char *tail = strstr(line, " - ");
    char *field[5], *rest = NULL, *type, *options;
    if (!tail)
        return 0;
    *tail = '\0';
    for (int i = 0; i < 5; i++) {
        field[i] = strtok_r(i ? NULL : line, " ", &rest);
        if (!field[i])
            return 0;
    }
    type = strtok_r(tail + 3, " ", &rest);
    options = strtok_r(NULL, " ", &rest) ? strtok_r(NULL, " ", &rest) : NULL;
    bool v1 = type && strcmp(type, "cgroup") == 0 && list_has(options, "cpu");
    if (!v1 && !(type && strcmp(type, "cgroup2") == 0))
        return 0;
    struct hierarchy *h = &all[v1 ? V1 : V2];
    unescape(field[3]);
    unescape(field[4]);
    /* A group outside the cgroup namespace reads "/.." and so on. */
    bool covers = h->group && !below(h->group, "/..") && below(h->group, field[3]);
    if (h->root &&
        (h->covers > covers || (h->covers == covers && strlen(h->root) <= strlen(field[3]))))
        return 0;
    h->covers = covers;
    int rc = keep(&h->root, field[3]);
    return rc ? rc : keep(&h->point, field[4]);
}

/* Opens root + path. 0: open, or *file NULL where there is no such file. */
static int open_below(const char *root, const char *path, FILE **file)
{
    char name[2 * PATH_MAX];
    if ((size_t)snprintf(name, sizeof name, "%s%s", root, path) >= sizeof name)
        return fl_fail(ENAMETOOLONG, "the path %.40s... is too long; mount cgroups elsewhere",
                       path);
    *file = fopen(name, "re");
    if (*file || errno == ENOENT || errno == ENOTDIR)
        return 0;
    return fl_fail(errno, "cannot read %s (%m); make it readable or set FILCH_WORKERS", path);
}

/* Passes every line of a file, without its end, to `take`. A missing file has no lines. */
static int each_line(const char *root, const char *path, int (*take)(char *, struct hierarchy *),
                     struct hierarchy *all)
{
    FILE *file;
    int rc = open_below(root, path, &file);
    if (rc || !file)
        return rc;
    char *line = NULL;
    size_t room = 0;
    errno = 0;
    while (rc == 0 && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        rc = take(line, all);
    }
    if (rc == 0 && !feof(file))
        rc = fl_fail(errno ? errno : EIO, "cannot read %s (%m); set FILCH_WORKERS", path);
    free(line);
    fclose(file);
    return rc;
}

/* Reads the one line of dir/name. 1: it is in text; 0: no such file. */
static int read_line(const char *root, const char *dir, const char *name, char *text, int size)
{
    char path[PATH_MAX + 32];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = open_below(root, path, &file);
    if (rc || !file)
        return rc;
    errno = 0;
    if (fgets(text, size, file))
        rc = 1;
    else if (errno == ENODEV) /* the group was removed, or its controller switched off, meanwhile */
        rc = 0;
    else
        rc = fl_fail(errno ? errno : EINVAL, "%s cannot be read; set FILCH_WORKERS", path);
    fclose(file);
    if (rc == 1)
        text[strcspn(text, "\n")] = '\0';
    return rc;
}

/* A whole number at *text, which is moved behind it and behind one space. */
static bool number(const char **text, long long *value)
{
    char *end;
    errno = 0;
    *value = strtoll(*text, &end, 10);
    if (end == *text || errno || (*end != ' ' && *end != '\0'))
        return false;
    *text = end + (*end == ' ');
    return true;
}

/* Microseconds of CPU time per period -> CPUs. */
static int ratio(const char *dir, const char *quota_text, const char *period_text, double *cpus)
{
    long long quota, period;
    if (!number(&quota_text, &quota) || !number(&period_text, &period) || quota == 0 || period <= 0)
        return fl_fail(EINVAL,
                       "the CPU quota in %s is not a pair of valid numbers; set FILCH_WORKERS",
                       dir);
    if (quota < 0)
        return 0;
    *cpus = (double)quota / (double)period;
    return 1;
}

/* The quota of one group, as fl_quota_read returns it. */
static int group_quota_v1(const char *root, const char *dir, double *cpus)
{
    char quota[64], period[64];
    int rc = read_line(root, dir, "cpu.cfs_quota_us", quota, sizeof quota);
    if (rc == 1)
        rc = read_line(root, dir, "cpu.cfs_period_us", period, sizeof period);
    return rc == 1 ? ratio(dir, quota, period, cpus) : rc;
}

static int group_quota_v2(const char *root, const char *dir, double *cpus)
{
    char text[64];
    int rc = read_line(root, dir, "cpu.max", text, sizeof text);
    if (rc != 1)
        return rc;
    size_t word = strcspn(text, " ");
    if (word == 3 && strncmp(text, "max", word) == 0)
        return 0;
    const char *period = text + word + (text[word] == ' ');
    return ratio(dir, text, period, cpus);
}

static int (*const group_quota[VERSIONS])(const char *, const char *, double *) = {
    [V1] = group_quota_v1,
    [V2] = group_quota_v2,
};

/* Goes from the process's group up to the mount point; *cpus (0: none yet) becomes the smallest
 * quota. */
static int climb(const char *root, enum version version, const struct hierarchy *h, double *cpus)
{
    char dir[PATH_MAX];
    if (!h->group || !h->root)
        return 0;
    /* Where the group cannot be named (a mount from outside the cgroup namespace), the mount point
     * is the nearest group above that can be seen. */
    const char *rest = h->covers ? below(h->group, h->root) : "";
    const char *point = strcmp(h->point, "/") == 0 ? "" : h->point;
    if ((size_t)snprintf(dir, sizeof dir, "%s%s", point, rest) >= sizeof dir)
        return fl_fail(ENAMETOOLONG, "the path of this process's cgroup is too long; "
                                     "set FILCH_WORKERS");
    for (size_t top = strlen(point);;) {
        double own;
        int rc = group_quota[version](root, dir, &own);
        if (rc < 0)
            return rc;
        if (rc == 1 && (*cpus == 0 || own < *cpus))
            *cpus = own;
        char *slash = strrchr(dir + top, '/');
        if (!slash)
            return 0;
        *slash = '\0';
    }
}

int fl_quota_read(const char *root, double *cpus)
{
    struct hierarchy all[VERSIONS] = {{0}};
    double least = 0;
    if (!root)
        root = "";
    int rc = each_line(root, "/proc/self/cgroup", take_group, all);
    if (rc == 0)
        rc = each_line(root, "/proc/self/mountinfo", take_mount, all);
    for (int v = 0; v < VERSIONS; v++) {
        if (rc == 0)
            rc = climb(root, (enum version)v, &all[v], &least);
        free(all[v].group);
        free(all[v].root);
        free(all[v].point);
    }
    if (rc == 0 && least > 0) {
        *cpus = least;
        rc = 1;
    }
    return rc;
}

/* The larger whole number where up is set; quotas are small, but a number that does not fit is
 * "no limit". */
static unsigned whole(double quota, bool up)
{
    if (quota >= (double)UINT_MAX)
        return UINT_MAX;
    unsigned floor = (unsigned)quota;
    return floor + (up && (double)floor < quota);
}

static unsigned limited(unsigned count, double quota, bool up)
{
    unsigned limit = quota > 0 ? whole(quota, up) : UINT_MAX;
    unsigned least = count < limit ? count : limit;
    return least ? least : 1;
}

unsigned fl_quota_workers(unsigned units, double quota)
{
    return limited(units, quota, true);
}

unsigned fl_quota_cpus(unsigned pus, double quota)
{
    return limited(pus, quota, false);
}
