/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>
#include <tools/shared/probe.h>

enum { MOST_CAPACITY = 1000000, MOST_RATE = 1000000, MOST_TIME = 1000000000 /* ns */ };

const char *const tune_part_names[TUNE_PARTS + 1] = {"width", "queue", NULL};

/* ---- Lists ---- */

static void insert(const command *c, tune_list *list, unsigned number, const char *name)
{
    size_t at = list->count;
    while (at > 0 && list->at[at - 1] > number)
        at--;
    if (at > 0 && list->at[at - 1] == number)
        return;
    if (list->count == TUNE_LIST)
        command_refuse(c, "--%s: at most %d numbers", name, (int)TUNE_LIST);
    memmove(list->at + at + 1, list->at + at, (list->count++ - at) * sizeof *list->at);
    list->at[at] = number;
}

static void add_number(const command *c, const command_option *row, void *options, const char *text)
{
    unsigned number;
    command_option one = *row;
    one.at = 0;
    one.size = sizeof number;
    command_count(c, &one, &number, text);
    insert(c, (tune_list *)(void *)((char *)options + row->at), number, row->name);
}

static void list_loads(names_list *out)
{
    for (size_t i = 0; i < LOADS; i++)
        names_add(out, tune_loads[i].name);
}

/* ---- The table ---- */

#define FIELD(field) COMMAND_FIELD(tune_options, field)

static const command_option known[] = {
    {"load", "LOAD", "Work of a job: cpu (default), io or mixed; see below", .read = command_choice,
     FIELD(named), .registry = list_loads},
    {"cpu", "TIME", "Computing time of a job: 200us, 1.5ms, ...; at most 1s",
     .read = command_duration, FIELD(load.cpu), .most = MOST_TIME},
    {"wait", "TIME", "Waiting time of a job", .read = command_duration, FIELD(load.wait),
     .most = MOST_TIME},
    {"serial", "SHARE", "width: share of the jobs that run one by one, alone: 0..0.9",
     .read = command_number, FIELD(load.serial), .most = 0.9},
    {"widths", "LIST",
     "width: jobs in progress (default: 1, 2, 4, ... until all cores are busy twice)",
     .read = command_list, .each = add_number, FIELD(widths), .least = 1, .most = TUNE_MOST_WIDTH},
    {"capacities", "LIST", "queue: jobs that may wait (default: 1, 2, 4, ... 64)",
     .read = command_list, .each = add_number, FIELD(capacities), .least = 1,
     .most = MOST_CAPACITY},
    {"rate", "N", "queue: arrivals a second (default: four fifths of what the pool can do)",
     .read = command_count, FIELD(rate), .least = 1, .most = MOST_RATE},
    {"rejected", "SHARE", "queue: share that may be rejected: 0..1 (default: 0.01)",
     .read = command_number, FIELD(rejected), .most = 1},
    {"width", "N", "queue: jobs in progress (default: as `width` recommends; at most 16)",
     .read = command_count, FIELD(width), .least = 1, .most = TUNE_MOST_WIDTH},
    {"repeat", "N", "Measurements of each (default: as the time allows)", .letter = 'r',
     .read = command_count, FIELD(repeat), .least = 1, .most = TUNE_REPEATS},
    {"quick", .help = "Less exact, within four seconds", .read = command_flag, FIELD(quick)},
    {0},
};

/* The help has the table of loads, so that it cannot be out of date. */
static void write_loads(FILE *out)
{
    fputs("Loads:\n", out);
    for (size_t i = 0; i < LOADS; i++)
        fprintf(out, "  %-8s %s\n", tune_loads[i].name, tune_loads[i].what);
    fputc('\n', out);
}

static const command tune = {
    .name = "filch tune",
    .arguments = "[PART...]",
    .most = -1,
    .choices = tune_part_names,
    .options = known,
    .write_tables = write_loads,
    .about = "Finds out how wide a pool should be and how long its queue, for a load of your "
             "choice, on this machine. PART is width (how many jobs in progress) or queue (how "
             "many may wait); default: both.",
    .ending = "Examples:\n"
              "  filch tune                              both parts, within 12 seconds\n"
              "  filch tune --quick width --load io\n"
              "  filch tune width --cpu 1ms --wait 9ms   jobs like yours\n"
              "  filch tune queue --width 4 --rate 5000 --capacities 10,100,1000\n"
              "\n"
              "Exit status: 0 when all went well; 1 when something could not be measured; 2\n"
              "for a wrong command line, and when the result could not be written.\n",
};

/* ---- Defaults ---- */

/* Times and shares that were not given are those of the named load. */
static void fill_load(tune_options *o)
{
    const tune_load given = o->load;
    o->load = tune_loads[o->named];
    if (given.cpu >= 0 || given.wait >= 0 || given.serial >= 0)
        o->load.name = "own";
    o->load.cpu = given.cpu >= 0 ? given.cpu : o->load.cpu;
    o->load.wait = given.wait >= 0 ? given.wait : o->load.wait;
    o->load.serial = given.serial >= 0 ? given.serial : o->load.serial;
    if (o->load.cpu + o->load.wait < 1000)
        command_refuse(&tune, "a job of less than 1us is too short; raise --cpu or --wait");
}

/* 1, 2, 4, ... and where the cores are just busy. */
static void fill_widths(tune_options *o)
{
    double fills = width_that_fills(o->cores, load_busy(&o->load), TUNE_DEFAULT_WIDTH);
    unsigned most = (unsigned)fmin(fmax(2 * fills, 4), TUNE_DEFAULT_WIDTH);
    for (unsigned w = 1; w <= most; w *= o->quick && w > 1 && most > 16 ? 4 : 2)
        insert(&tune, &o->widths, w, "widths");
    insert(&tune, &o->widths, (unsigned)fills, "widths");
}

static void fill_defaults(tune_options *o)
{
    char runtime[4096];
    fill_load(o);
    if (probe_runtime(NULL, &o->cores, runtime, sizeof runtime)) {
        fprintf(stderr, "filch tune: no runtime on this machine: %s\n", runtime);
        exit(1);
    }
    if (!o->parts[TUNE_WIDTH] && !o->parts[TUNE_QUEUE])
        o->parts[TUNE_WIDTH] = o->parts[TUNE_QUEUE] = true;
    if (!o->widths.count)
        fill_widths(o);
    insert(&tune, &o->widths, 1, "widths"); /* speed-ups are over this one */
    if (!o->capacities.count)
        for (unsigned c = 1; c <= 64; c *= o->quick ? 4 : 2)
            insert(&tune, &o->capacities, c, "capacities");
}

void tune_parse_options(tune_options *out, int argc, char **argv)
{
    *out = (tune_options){.rejected = 0.01, .load = {.cpu = -1, .wait = -1, .serial = -1}};
    for (char **part = command_read(&tune, out, argc, argv); *part; part++)
        out->parts[command_choose(&tune, "part", *part, tune_part_names)] = true;
    fill_defaults(out);
}
