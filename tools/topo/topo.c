/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "topo.h"

#include <runtime/platform/affinity.h>
#include <runtime/platform/bind.h>
#include <runtime/platform/placement.h>
#include <runtime/platform/topology.h>

#include "view.h"

#include <argp.h>
#include <filch/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORKERS = 1024 };

static const struct {
    const char *name;
    int (*write)(const struct topo_view *);
} formats[] = {
    {"table", topo_table},
    {"json", topo_json},
};

enum { OPTION_BIND = 256 };

struct options {
    unsigned workers; /* 0: as many as a default runtime gets */
    enum fl_bind bind;
    int (*write)(const struct topo_view *);
    unsigned given; /* a bit for each entry of takers[] that was on the command line */
};

/* Each takes a value and says where it came from when it will not do. */
static void take_workers(struct argp_state *state, const char *from, const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || n < 1 || n > MAX_WORKERS)
        argp_error(state, "%s: number of workers '%s' is out of range (1..%d)", from, value,
                   MAX_WORKERS);
    ((struct options *)state->input)->workers = (unsigned)n;
}

static void take_bind(struct argp_state *state, const char *from, const char *value)
{
    if (fl_bind_find(value, &((struct options *)state->input)->bind))
        argp_error(state, "%s: %s", from, filch_error());
}

static void take_format(struct argp_state *state, const char *from, const char *value)
{
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(value, formats[i].name) == 0) {
            ((struct options *)state->input)->write = formats[i].write;
            return;
        }
    }
    argp_error(state, "%s: unknown format '%s' (valid: table, json)", from, value);
}

static const struct {
    int key;
    const char *option;
    const char *variable; /* in the environment; the option wins. NULL: none */
    void (*take)(struct argp_state *, const char *from, const char *value);
} takers[] = {
    {'w', "--workers", "FILCH_WORKERS", take_workers},
    {OPTION_BIND, "--bind", "FILCH_BIND", take_bind},
    {'f', "--format", NULL, take_format},
};

/* The environment speaks where the command line did not. */
static void take_environment(struct argp_state *state)
{
    const struct options *options = state->input;
    for (unsigned i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        const char *value = takers[i].variable ? getenv(takers[i].variable) : NULL;
        if (value && *value && !(options->given & 1u << i))
            takers[i].take(state, takers[i].variable, value);
    }
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument '%s' (filch topo takes options only)", value);
    if (key == ARGP_KEY_END)
        take_environment(state);
    for (unsigned i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        if (takers[i].key == key) {
            takers[i].take(state, takers[i].option, value);
            ((struct options *)state->input)->given |= 1u << i;
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option described[] = {
    {"workers", 'w', "N", 0, "Place N workers (default: as many as a runtime gets by itself)", 0},
    {"bind", OPTION_BIND, "WHAT", 0,
     "Bind workers: auto (default), core, pu (hardware thread) or none", 0},
    {"format", 'f', "FORMAT", 0, "table (default) or json", 0},
    {0}};

static const struct argp topo_argp = {
    .options = described,
    .parser = parse,
    .doc = "Draws this machine, the places of a runtime's workers on it, and their distance tiers. "
           "Tells how many workers a runtime gets by default, and why.\v"
           "FILCH_WORKERS and FILCH_BIND count as they do for a runtime, which is taken to be the "
           "first "
           "one of its process.\n\n"
           "Examples:\n"
           "  filch topo                      this machine, a default runtime\n"
           "  filch topo -w 8 --bind pu       8 workers, one per hardware thread\n"
           "  taskset -c 0 filch topo         under an affinity mask\n"
           "  filch topo -f json | jq .default\n"
           "  HWLOC_SYNTHETIC='pack:2 numa:1 l3:2 core:8 pu:2' filch topo\n"
           "                                  a machine you do not have\n\n"
           "Exit status: 0 when all went well; 2 for a wrong command line, and when the\n"
           "machine could not be read or the result could not be written.\n",
};

static int complain(const char *what)
{
    fprintf(stderr, "filch topo: %s\n", what);
    return 2;
}

static int gather(struct topo_view *v)
{
    const fl_topology *t = v->topology;
    v->hwloc = fl_topology_hwloc(t);
    if (fl_topology_real(t))
        v->mask = fl_affinity_read();
    v->cpus = fl_topology_cpus(t);
    unsigned chosen = fl_topology_default_workers(t, v->bind, &v->sizing);
    if (!v->workers)
        v->workers = chosen < MAX_WORKERS ? chosen : MAX_WORKERS;
    v->tiers = fl_topology_tiers(t);
    v->place = calloc(v->workers, sizeof v->place[0]);
    v->pairs = calloc(v->tiers, sizeof v->pairs[0]);
    if (!v->place || !v->pairs)
        return complain("no memory for the workers' places; free some");
    fl_placement_make(&v->placement, &(struct fl_placing){.topology = t,
                                                          .mask = &v->mask,
                                                          .bind = v->bind,
                                                          .workers = v->workers,
                                                          .quota = v->sizing.quota});
    for (unsigned w = 0; w < v->workers; w++)
        v->place[w] = fl_placement_place(&v->placement, w);
    for (unsigned a = 0; a < v->workers; a++)
        for (unsigned b = 0; b < a; b++)
            v->pairs[topo_distance(v, a, b)]++;
    return 0;
}

int filch_topo_main(int argc, char **argv)
{
    struct options options = {.bind = FL_BIND_AUTO, .write = topo_table};
    argp_err_exit_status = 2;
    argp_parse(&topo_argp, argc, argv, 0, NULL, &options);

    struct topo_view v = {.workers = options.workers, .bind = options.bind};
    if (fl_topology_load(&v.topology))
        return complain(filch_error());
    int status = gather(&v);
    if (status == 0)
        status = options.write(&v);
    if (status == 0 && (fflush(stdout) || ferror(stdout)))
        status = complain("the text cannot be written; is the disk full or the pipe closed?");
    free(v.place);
    free(v.pairs);
    fl_affinity_free(&v.mask);
    return status;
}
