/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "columns.h"
#include "child.h"

#include <filch/runtime.h>
#include <sched/queue.h>
#include <stddef.h>
#include <string.h>
#include <tools/shared/probe.h>

/* Where each choice is, once for the library, once for this command. */
static const struct {
    const char *option, *what;
    size_t in_config, in_column;
} choices[CHOICES] = {
    [POLICY] = {"policy", "policies", offsetof(filch_config, policy), offsetof(column, policy)},
    [IDLE] = {"idle", "idle modes", offsetof(filch_config, idle), offsetof(column, idle)},
    [TAKE] = {"take", "take modes", offsetof(filch_config, take), offsetof(column, take)},
    [WAIT] = {"wait", "wait modes", offsetof(filch_config, wait), offsetof(column, wait)},
};

static const char beside_serial[] = "columns besides serial";

static const char **name_at(void *structure, size_t at)
{
    return (const char **)(void *)((char *)structure + at);
}

void columns_expect_room(size_t count, size_t most, const char *what)
{
    if (count > most)
        command_refuse(&bench_command, "too many %s: at most %zu", what, most);
}

void columns_expect_new(bool is_new, const char *option, const char *name)
{
    if (!is_new)
        command_refuse(&bench_command, "--%s: %s is named twice; name it once", option, name);
}

static void add_name(name_list *list, const char *option, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        columns_expect_new(strcmp(list->names[i], name) != 0, option, name);
    list->names[list->count++] = strdup(name); /* lives as long as the process */
}

/* The library knows whether a name exists, and which others do. 0, or *why says what is wrong. */
static int check(const filch_config *config, char *why, size_t size)
{
    unsigned workers;
    return probe_runtime(config, &workers, why, size);
}

void columns_list(names_list *out)
{
    names_add_rows(out, NAMES_ROWS(fl_queues));
    names_add(out, "handpool");
    names_add(out, COLUMNS_BY_CLANG);
    for (size_t i = 0; i < peer_count; i++)
        names_add(out, peers[i].name);
}

/* The environment may hold the error instead. */
static void refuse_queue(const command_option *row, const char *name, const char *why)
{
    char unknown[64];
    int length = snprintf(unknown, sizeof unknown, "unknown queue '%.30s'", name);
    if (strncmp(why, unknown, (size_t)length) == 0)
        command_pick(&bench_command, row, name);
    command_refuse(&bench_command, "%s", why);
}

static bool is_by_clang(const char *name)
{
    return strcmp(name, COLUMNS_BY_CLANG) == 0;
}

static bool clang_was_found(void)
{
    return kernels[0].column[KERNEL_FILCH_CLANG] != NULL;
}

static void refuse_missing(const char *name, const char *needs)
{
    command_refuse(
        &bench_command,
        "%s was not built into this command; it needs %s; ./tools/run.sh --peers installs "
        "them and builds it",
        name, needs);
}

void columns_add_queue(const command *c, const command_option *row, void *to, const char *name)
{
    typed *t = to;
    const peer_row *other = peer_find(name);
    filch_config config = {.size = sizeof config, .queue = name};
    char why[512];
    columns_expect_room(t->queues.count + 1, BENCH_NAMES - 1, beside_serial);
    if (strcmp(name, "serial") == 0)
        command_refuse(
            &bench_command,
            "--%s serial: serial code is always measured beside the others; leave it out",
            row->name);
    if (other && !other->peer)
        refuse_missing(name, other->needs);
    if (other && !child_has_library(other))
        command_refuse(c,
                       "%s needs Filch's libgomp.so.1 in lib/filch beside this command; build or "
                       "install it as a whole",
                       name);
    if (is_by_clang(name) && !clang_was_found())
        refuse_missing(name, peer_find("openmp-clang")->needs);
    if (!t->queues_by_default && !other && !is_by_clang(name) && strcmp(name, "handpool") != 0 &&
        check(&config, why, sizeof why))
        refuse_queue(row, name, why);
    add_name(&t->queues, row->name, name);
}

void columns_add_choice(const command *c, const command_option *row, void *to, const char *name)
{
    typed *t = to;
    enum choice choosing = POLICY;
    while (strcmp(choices[choosing].option, row->name) != 0)
        choosing++;
    name_list *chosen = &t->chosen[choosing];
    filch_config config = {.size = sizeof config};
    char why[512];
    columns_expect_room(chosen->count + 1, BENCH_NAMES, choices[choosing].what);
    *name_at(&config, choices[choosing].in_config) = name;
    command_pick(c, row, name);
    if (check(&config, why, sizeof why))
        command_refuse(c, "%s", why);
    add_name(chosen, row->name, name);
}

/* A column's name is its queue's, and those of what else was chosen for it. */
static void add_column(options *o, column c)
{
    columns_expect_room(o->column_count, BENCH_NAMES - 1, beside_serial);
    size_t length = (size_t)snprintf(c.label, sizeof c.label, "%.30s", c.queue);
    for (size_t i = 0; i < CHOICES; i++) {
        const char *name = *name_at(&c, choices[i].in_column);
        if (name)
            length += (size_t)snprintf(c.label + length, sizeof c.label - length, ":%.20s", name);
    }
    o->columns[o->column_count++] = c;
}

/* Some modes are impossible with some queues; a default queue is then left out. */
static bool is_possible(typed *t, column *c)
{
    filch_config config = {.size = sizeof config, .queue = c->queue};
    char why[512];
    bool chosen = false;
    for (size_t i = 0; i < CHOICES; i++) {
        const char *name = *name_at(c, choices[i].in_column);
        *name_at(&config, choices[i].in_config) = name;
        chosen |= name != NULL;
    }
    if (!chosen || !check(&config, why, sizeof why))
        return true;
    if (!t->queues_by_default)
        command_refuse(&bench_command, "%s", why);
    return false;
}

/* Each with each. */
static void add_chosen(typed *t, column c, unsigned choice)
{
    while (choice < CHOICES && t->chosen[choice].count == 0)
        choice++;
    if (choice == CHOICES) {
        if (is_possible(t, &c))
            add_column(&t->options, c);
        return;
    }
    const name_list *chosen = &t->chosen[choice];
    for (size_t i = 0; i < chosen->count; i++) {
        *name_at(&c, choices[choice].in_column) = chosen->names[i];
        add_chosen(t, c, choice + 1);
    }
}

/* Each choice must apply to some column. */
static void expect_used(const typed *t, bool has_runtime)
{
    for (size_t i = 0; !has_runtime && i < CHOICES; i++)
        if (t->chosen[i].count > 0)
            command_refuse(
                &bench_command,
                "--%s is a choice of the library's runtime, and none of these columns is "
                "one; add chase-lev to --columns",
                choices[i].option);
}

/* A peer that clang compiles is compared with the library's column that clang compiles. */
static void add_counterpart(typed *t)
{
    name_list *names = &t->queues;
    bool wanted = false, is_there = false;
    for (size_t i = 0; i < names->count; i++) {
        const peer_row *other = peer_find(names->names[i]);
        wanted |= other && other->by_clang;
        is_there |= is_by_clang(names->names[i]);
    }
    if (wanted && !is_there && names->count < BENCH_NAMES - 1 &&
        strcmp(names->names[0], "chase-lev") == 0)
        names->names[names->count++] = COLUMNS_BY_CLANG;
}

void columns_make(typed *t)
{
    options *o = &t->options;
    bool has_runtime = false;
    add_counterpart(t);
    o->columns[o->column_count++] = (column){.as = KERNEL_SERIAL, .label = "serial"};
    for (size_t q = 0; q < t->queues.count; q++) {
        const char *queue = t->queues.names[q];
        column c = {.as = KERNEL_FILCH, .queue = queue, .peer = peer_find(queue)};
        if (c.peer)
            c.as = KERNEL_PEER;
        else if (strcmp(c.queue, "handpool") == 0)
            c.as = KERNEL_HANDPOOL;
        else if (is_by_clang(c.queue))
            c.as = KERNEL_FILCH_CLANG;
        if (c.as == KERNEL_FILCH)
            add_chosen(t, c, 0);
        else
            add_column(o, c);
        has_runtime |= c.as == KERNEL_FILCH;
    }
    expect_used(t, has_runtime);
}
