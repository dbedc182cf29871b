/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "costs.h"

#include <sched/request.h>
#include <sched/rest.h>
#include <sched/warm.h>
#include <tools/shared/names.h>
#include <tools/shared/spell.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512 };

/* Those of the library are its constants; SPIN_BEFORE_SUSPEND of runtime/engine/fork_join.c is
 * repeated. */
static const struct {
    const char *name;
    double ns, least;
    const char *what, *source;
} rows[COSTS] = {
    [COST_FORK] = {"fork", 0.8, 0, "a fork that stays inline", "filch-micro, pair"},
    [COST_JOIN] = {"join", 0.8, 0, "a join of a task that was not stolen", "filch-micro, pair"},
    [COST_LOOK] = {"look", 60, 1, "a thief looks at another worker; x tier", "estimate"},
    [COST_LOOK_READY] = {"look-ready", 60, 0, "the same, at its ready fibers; x tier", "estimate"},
    [COST_ASK] = {"ask", 60, 0, "until a request is seen by its owner; x tier",
                  "docs/internals/design.md"},
    [COST_ANSWER] = {"answer", 60, 0, "an owner answers a request", "docs/internals/design.md"},
    [COST_REPLY] = {"reply", 60, 0, "until the thief sees the answer; x tier",
                    "docs/internals/design.md"},
    [COST_START] = {"start", 70, 0, "begin and end of a stolen task", "docs/internals/design.md"},
    [COST_PART] = {"part", 80, 0, "a task in a gift of many", "sched/profit.h"},
    [COST_ROB] = {"rob", 3000, 0, "a forced steal, with its membarrier", "estimate"},
    [COST_FENCED] = {"fenced", 10, 0, "more of a fork, and of a join, on other queues", "estimate"},
    [COST_TAKE] = {"take", 120, 0, "a thief takes from a victim of queue the; x tier", "estimate"},
    [COST_LOCK] = {"lock", 40, 0, "the lock of queue central-mutex is held; x tier", "estimate"},
    [COST_SWITCH] = {"switch", 45, 0, "to another fiber", "filch-micro, switch"},
    [COST_WAKE] = {"wake", 6000, 0, "a waker wakes a sleeping worker", "docs/internals/idle.md"},
    [COST_WAKE_UP] = {"wake-up", 20000, 0, "until the woken worker searches",
                      "docs/internals/idle.md"},
    [TIME_PATIENCE] = {"patience", FL_REQUEST_TIME, 0, "a thief waits for an answer",
                       "the library"},
    [TIME_SILENT] = {"patience-silent", 0, 0, "the same, of an owner that is silent already",
                     "the library"},
    [TIME_JOIN] = {"join-spin", 2000, 0, "a join waits before it suspends", "the library"},
    [TIME_BUSY] = {"search-spin", FL_WARM_LEAST, 0, "a thief that found something searches on",
                   "the library"},
    [TIME_LOOK_AGAIN] = {"look-again", 500, 0, "between looks at an only ready fiber",
                         "the library"},
    [TIME_AWAKE] = {"awake-pause", FL_AWAKE_PAUSE, 1, "between two searches in idle mode spin",
                    "the library"},
    [COST_TIER_CORE] = {"tier-core", 0.5, 0, "factor of x tier: the same core", "assumption"},
    [COST_TIER_CACHE] = {"tier-cache", 1, 0, "factor: the same last-level cache", "definition"},
    [COST_TIER_NODE] = {"tier-node", 2, 0, "factor: the same node or package", "assumption"},
    [COST_TIER_FAR] = {"tier-far", 4, 0, "factor: another package", "assumption"},
};

static const double most_ns = 1e9;

static picoseconds exactly(double ns)
{
    return (picoseconds)(ns * PICOSECONDS + 0.5);
}

void costs_default(costs *c)
{
    for (int i = 0; i < COSTS; i++)
        c->of[i] = exactly(rows[i].ns);
}

static int unknown(const char *name, char *error, size_t size)
{
    char allowed[NAMES_ALLOWED];
    names_list list = {.count = 0};
    for (int i = 0; i < COSTS; i++)
        names_add(&list, rows[i].name);
    snprintf(error, size, "unknown cost '%.40s' (%s)", name, names_allowed(allowed, name, list.at));
    return -EINVAL;
}

/* Its number, or COSTS. */
static int find(const char *name)
{
    int row = 0;
    while (row < COSTS && strcmp(rows[row].name, name) != 0)
        row++;
    return row;
}

int costs_set(costs *c, const char *name, const char *value, char *error, size_t size)
{
    double ns;
    int row = find(name);
    if (row == COSTS)
        return unknown(name, error, size);
    if (!spell_number(value, rows[row].least, most_ns, &ns)) {
        snprintf(error, size, "value '%.40s' of cost '%s' is out of range (%g..%g)", value, name,
                 rows[row].least, most_ns);
        return -EINVAL;
    }
    c->of[row] = exactly(ns);
    return 0;
}

/* set: the rows that earlier lines have set. */
static int read_line(costs *c, bool *set, char *line, char *error, size_t size)
{
    static const char blanks[] = " \t\r\n";
    char *state, *name, *value;
    line[strcspn(line, "#")] = '\0';
    name = strtok_r(line, blanks, &state);
    if (!name)
        return 0;
    value = strtok_r(NULL, blanks, &state);
    if (!value || strtok_r(NULL, blanks, &state)) {
        snprintf(error, size, "a line is not NAME NUMBER: '%.40s'", name);
        return -EINVAL;
    }
    int row = find(name), rc = costs_set(c, name, value, error, size);
    if (rc || !set[row]) {
        set[row] = true;
        return rc;
    }
    snprintf(error, size, "cost '%s' is given twice (valid: once)", name);
    return -EINVAL;
}

/* fgets stops at a NUL byte as at the end, so a line with one looks cut off. */
static bool is_whole(const char *line, FILE *file)
{
    return strchr(line, '\n') || (strlen(line) < LINE - 1 && feof(file));
}

int costs_parse(costs *c, FILE *file, const char *name, char *error, size_t size)
{
    char line[LINE], reason[LINE];
    bool set[COSTS + 1] = {false};
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        int rc = 0;
        if (!is_whole(line, file)) {
            snprintf(reason, sizeof reason,
                     "the line is too long, or is not text (at most %d bytes)", LINE - 2);
            rc = -EINVAL;
        }
        rc = rc ? rc : read_line(c, set, line, reason, sizeof reason);
        if (rc) {
            snprintf(error, size, "%s:%u: %s", name, number, reason);
            return rc;
        }
    }
    if (!ferror(file))
        return 0;
    snprintf(error, size, "costs file '%s' cannot be read: %s", name, strerror(errno));
    return -EIO;
}

int costs_read(costs *c, const char *path, char *error, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        int rc = -errno;
        snprintf(error, size, "costs file '%s' cannot be read: %s", path, strerror(-rc));
        return rc;
    }
    int rc = costs_parse(c, file, path, error, size);
    fclose(file);
    return rc;
}

void costs_write(const costs *c, const char *const *sources, FILE *out)
{
    fputs("# Costs in ns, for filch sim --costs FILE; \"x tier\": times the factor of the tier.\n",
          out);
    for (int i = 0; i < COSTS; i++)
        fprintf(out, "%-16s %8.12g  # %s (%s)\n", rows[i].name, (double)c->of[i] / PICOSECONDS,
                rows[i].what, sources && sources[i] ? sources[i] : rows[i].source);
}
