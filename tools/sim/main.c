/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "main.h"
#include "calibrate/calibrate.h"
#include "report.h"

#include <tools/shared/output.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { REASON = 1024 };

/* All seeds of one row. 0 or -errno after a message. */
static int simulate_row(const sim_options *o, const machine *m, sim_row *row, outcome *outcomes)
{
    for (unsigned i = 0; i < o->seeds; i++) {
        const simulation how = {.graph = &o->graph,
                                .machine = m,
                                .costs = &o->costs,
                                .policy = row->policy,
                                .queue = row->queue,
                                .take = o->take,
                                .idle = o->idle,
                                .seed = o->seed + i};
        int rc = simulate(&how, &outcomes[i]);
        if (rc) {
            fprintf(stderr, "filch sim: the simulation of %u workers failed: %s\n", row->workers,
                    strerror(-rc));
            return rc;
        }
    }
    report_row(row, outcomes, o->seeds);
    return 0;
}

static int simulate_count(const sim_options *o, unsigned workers, sim_report *r, outcome *outcomes)
{
    char reason[REASON];
    machine m;
    int rc = machine_describe(&m, o->machine, workers, reason, sizeof reason);
    if (rc) {
        fprintf(stderr, "filch sim: %s\n", reason);
        return rc;
    }
    machine_set_speeds(&m, o->speeds, o->speed_count);
    double capacity = 0, slowest = 1;
    for (unsigned i = 0; i < workers; i++) {
        const double speed = (double)m.speed[i] / SIM_SPEED;
        capacity += speed;
        slowest = speed < slowest ? speed : slowest;
    }
    for (unsigned i = 0; !rc && i < o->queue_count * o->policy_count; i++) {
        sim_row *row = &r->rows[r->count++];
        *row = (sim_row){.queue = o->queues[i / o->policy_count],
                         .policy = o->policies[i % o->policy_count],
                         .workers = workers,
                         .capacity = capacity,
                         .slowest = slowest};
        rc = simulate_row(o, &m, row, outcomes);
    }
    machine_free(&m);
    return rc;
}

/* 0 or -errno after a message. */
static int walk_all(const sim_options *o, extent *out, walk_seen *seen, void *context)
{
    int rc = walk_seeing(&o->graph, GENERATOR_TASKS, out, seen, context);
    if (rc)
        fprintf(stderr, "filch sim: '%s' cannot be simulated: %s\n", o->text,
                rc == -E2BIG ? "it has more than 2,000,000,000 tasks" : strerror(-rc));
    return rc;
}

static int simulate_all(sim_report *r)
{
    const sim_options *o = r->options;
    int rc = walk_all(o, &r->extent, NULL, NULL);
    if (rc)
        return rc;
    outcome *outcomes = calloc(o->seeds, sizeof *outcomes);
    r->rows = calloc((size_t)o->counts * o->queue_count * o->policy_count, sizeof *r->rows);
    if (!outcomes || !r->rows) {
        fputs("filch sim: no memory for the report\n", stderr);
        rc = -ENOMEM;
    }
    for (unsigned i = 0; !rc && i < o->counts; i++)
        rc = simulate_count(o, o->workers[i], r, outcomes);
    free(outcomes);
    return rc;
}

static int write_report(const sim_report *r, FILE *out)
{
    static int (*const writers[])(const sim_report *r, FILE *out) = {[FORMAT_TABLE] = report_table,
                                                                     [FORMAT_CSV] = report_csv,
                                                                     [FORMAT_JSON] = report_json,
                                                                     [FORMAT_SVG] = report_svg};
    int rc = writers[r->options->format](r, out);
    if (rc)
        fprintf(stderr, "filch sim: the report cannot be written: %s\n",
                rc == -ENOTSUP ? "this build has no JSON (libjansson-dev)" : strerror(-rc));
    return rc;
}

static void task_row(const walked *w, void *out)
{
    const char *how = !w->task ? "root" : w->is_forked ? "forked" : "called";
    fprintf(out, "%" PRIu64 " %" PRIu32 " %.3f %s %" PRIu64 " %" PRIu32 " %.3f\n", w->task,
            w->phase, (double)w->before / PICOSECONDS, how, w->parent, w->of,
            (double)w->gap / PICOSECONDS);
}

static int write_list(const sim_report *r, FILE *out)
{
    (void)r;
    generator_list(out);
    return ferror(out) ? -EIO : 0;
}

static int write_costs(const sim_report *r, FILE *out)
{
    costs_write(&r->options->costs, NULL, out);
    return ferror(out) ? -EIO : 0;
}

static calibrated measured;

static int write_measured(const sim_report *r, FILE *out)
{
    const char *sources[COSTS] = {NULL};
    (void)r;
    for (int i = 0; i < COSTS; i++)
        if (*measured.source[i])
            sources[i] = measured.source[i];
    costs_write(&measured.costs, sources, out);
    return ferror(out) ? -EIO : 0;
}

static int write_tasks(const sim_report *r, FILE *out)
{
    extent whole;
    fputs("task phase before_ns how parent parent_phase gap_ns\n", out);
    int rc = walk_all(r->options, &whole, task_row, out);
    return !rc && ferror(out) ? -EIO : rc;
}

/* Before the file is opened: a status. */
static int prepare(sim_report *r)
{
    const sim_options *o = r->options;
    if (!output_check("filch sim", "--output", o->output))
        return 2;
    if (o->task == SIM_CALIBRATE)
        return calibrate(o->rounds, &measured) ? 1 : 0;
    return o->task == SIM_RUN && simulate_all(r) ? 2 : 0;
}

/* 0 or -errno after a message. */
static int write_output(const sim_report *r)
{
    static int (*const writers[])(const sim_report *r, FILE *out) = {
        [SIM_RUN] = write_report,  [SIM_LIST] = write_list,          [SIM_COSTS] = write_costs,
        [SIM_TASKS] = write_tasks, [SIM_CALIBRATE] = write_measured,
    };
    const sim_options *o = r->options;
    return output_write(out, "filch sim", "--output", o->output, writers[o->task](r, out));
}

int filch_sim_main(int argc, char **argv)
{
    sim_options o;
    options_parse(&o, argc, argv);
    sim_report r = {.options = &o};
    int status = prepare(&r);
    if (!status && write_output(&r))
        status = 2;
    free(r.rows);
    replay_free(&o.replay);
    return status;
}
