/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Measures one block after the other. The children of a block's cells live side by side, each idle
 * unless it is its turn. First each warms up; then they take turns, A B C, B C A, C A B: a machine
 * that slows down for a while slows all of them alike. */
#include "bench.h"
#include "child.h"
#include "interrupt.h"
#include "progress.h"
#include "summary.h"

#include <stdlib.h>
#include <string.h>
#include <tools/shared/clock.h>
#include <tools/shared/machine.h>
#include <unistd.h>

/* Without --repeat: at least, at most, and how long the whole job may take. Short kernels get more
 * rounds than a verdict needs (PAIR_ROUNDS), so that p can be small where many pairs are judged. */
enum { REPEAT_LEAST = 3, REPEAT_MOST = 12, JOB_SECONDS = 42 };

/* A round of a block in which columns are compared; up to this length, there are as many as a
 * verdict needs, even where the job then takes longer. */
#define SHORT_ROUND_SECONDS 0.75

typedef struct runner {
    cell *cell;
    child child;
    bool started;
    uint32_t runs; /* of one sample */
} runner;

static void show(progress *p, const block *b, const cell *c)
{
    char what[512];
    snprintf(what, sizeof what, "%s, %s, %u worker%s", b->label, c->column->label, c->workers,
             c->workers == 1 ? "" : "s");
    progress_show(p, what, seconds_of(CLOCK_MONOTONIC));
}

/* All columns must find the same answer; the first that has one sets it. */
static void compare_answer(block *b, cell *c, const child_reply *reply)
{
    bool first = true;
    for (const cell *other = b->cells; other < c; other++)
        first &= *other->error != '\0';
    if (first && c->sample_count == 0) {
        b->answer = reply->answer;
        b->files = reply->files;
        b->bytes = reply->bytes;
        b->unreadable = reply->unreadable;
        memcpy(b->text, reply->text, sizeof b->text);
    } else if (reply->answer != b->answer || strcmp(reply->text, b->text) != 0) {
        snprintf(c->error, sizeof c->error, "wrong answer: %llu%s%s; another column found %llu%s%s",
                 (unsigned long long)reply->answer, *reply->text ? " " : "", reply->text,
                 (unsigned long long)b->answer, *b->text ? " " : "", b->text);
    }
}

static void note_noise(child_reply *reply, const machine_noise *before, const machine_noise *after,
                       double seconds)
{
    sample *s = &reply->sample;
    double all = seconds * (double)sysconf(_SC_NPROCESSORS_ONLN);
    s->other_share = (after->busy_seconds - before->busy_seconds - reply->cpu_seconds) / all;
    s->stolen_share = (after->stolen_seconds - before->stolen_seconds) / all;
    s->quota_share = (after->quota_seconds - before->quota_seconds) / seconds;
    s->throttle_events = after->throttle_events - before->throttle_events;
}

static void add_counted(cell *c, const child_reply *reply)
{
    const filch_runtime_stat *row;
    if (!column_has_runtime(c->column))
        return;
    c->counted_runs += reply->sample.runs;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++) {
        uint64_t *sum = (uint64_t *)(void *)((char *)&c->counted + row->offset);
        uint64_t one =
            *(const uint64_t *)(const void *)((const char *)&reply->counted + row->offset);
        *sum = row->now ? one : *sum + one;
    }
}

/* One sample of one cell; a warm-up (runs 0) is not kept, but tells how many runs fill a sample. */
static void take_sample(block *b, runner *run, child_order order)
{
    child_reply reply;
    cell *c = run->cell;
    double pulse = machine_pulse();
    machine_noise before = machine_noise_read();
    double start = seconds_of(CLOCK_MONOTONIC);
    child_send(&run->child, order);
    if (!child_receive(&run->child, &reply))
        return;
    double seconds = seconds_of(CLOCK_MONOTONIC) - start;
    machine_noise after = machine_noise_read();
    child_rest(&run->child);
    note_noise(&reply, &before, &after, seconds);
    reply.sample.pulse = pulse;
    c->peak_mib = reply.peak_mib;
    memcpy(c->error, reply.error, sizeof c->error);
    if (!*c->error)
        compare_answer(b, c, &reply);
    if (order.runs && !*c->error) {
        c->samples[c->sample_count++] = reply.sample;
        add_counted(c, &reply);
    } else if (!*c->error)
        run->runs = 1 + (uint32_t)(CHILD_SAMPLE_SECONDS / reply.sample.seconds);
}

static void start_children(const report *r, block *b, runner *runners)
{
    for (size_t i = 0; i < b->cell_count; i++) {
        runner *run = &runners[i];
        run->cell = &b->cells[i];
        int rc = child_start(&run->child, r->options, b, run->cell);
        run->started = rc == 0;
        if (rc)
            snprintf(run->cell->error, sizeof run->cell->error, "no process: %s", strerror(-rc));
    }
}

/* The data of all columns lie in memory at the same time. */
static bool expect_memory(block *b)
{
    const kernel *k = block_kernel(b);
    double needed = (double)k->bytes_each * (double)k->sizes[b->size].n * (double)b->cell_count;
    double free_bytes = machine_free_bytes();
    if (needed <= free_bytes)
        return true;
    for (size_t i = 0; i < b->cell_count; i++)
        snprintf(b->cells[i].error, sizeof b->cells[i].error,
                 "not measured: %.1f GB for %zu columns at once, %.1f GB are free; choose fewer "
                 "--columns or a smaller --size",
                 needed * 1e-9, b->cell_count, free_bytes * 1e-9);
    return false;
}

/* Every living cell once, each round beginning with another one, so that none always runs behind
 * the same neighbour. Returns false when a signal came. */
static bool one_round(progress *p, block *b, runner *runners)
{
    for (size_t i = 0; i < b->cell_count; i++) {
        runner *run = &runners[(i + (size_t)p->round) % b->cell_count];
        if (*run->cell->error)
            continue;
        show(p, b, run->cell);
        take_sample(b, run, (child_order){p->round ? run->runs : 0, p->round || i});
        if (interrupt_came())
            return false;
    }
    return true;
}

/* Drops the samples of an unfinished round. */
static void drop_round(block *b, int round)
{
    for (size_t i = 0; i < b->cell_count; i++)
        if (b->cells[i].sample_count >= round)
            b->cells[i].sample_count = round - 1;
}

/* Whether the block has a pair to judge: another column beside the first, or serial code where that
 * is alone. */
static bool has_opponent(const report *r, const block *b)
{
    const column *first = NULL;
    for (size_t i = 1; i < b->cell_count; i++) {
        if (first && b->cells[i].column != first)
            return true;
        first = b->cells[i].column;
    }
    return r->options->column_count == 2;
}

/* Without --repeat, however little time is left. */
static int least_rounds(const report *r, const block *b, double round_seconds)
{
    return has_opponent(r, b) && round_seconds <= SHORT_ROUND_SECONDS ? PAIR_ROUNDS : REPEAT_LEAST;
}

/* Whether the rounds that are finished will do. Corrects the block's budget, for progress. */
static bool is_enough(const report *r, const block *b, progress *p, double now)
{
    const double mean = (now - p->block_start) / (p->round + 1); /* with the warm-up */
    const int least = least_rounds(r, b, mean);
    if (r->options->repeat)
        return false;
    if (p->budget < mean * (1 + least))
        p->budget = mean * (1 + least);
    return p->round >= least && now + mean - p->block_start > p->budget;
}

/* Returns how many rounds were finished. */
static int measure_rounds(const report *r, progress *p, block *b, runner *runners)
{
    if (!one_round(p, b, runners))
        return 0;
    for (p->round = 1; p->round <= p->rounds; p->round++) {
        if (!one_round(p, b, runners)) {
            drop_round(b, p->round);
            return p->round - 1;
        }
        if (is_enough(r, b, p, seconds_of(CLOCK_MONOTONIC)))
            return p->round;
    }
    return p->rounds;
}

/* Returns whether the block has a result: not when a signal came before its first round ended. */
static bool measure_block(const report *r, progress *p, block *b)
{
    runner runners[BENCH_NAMES * BENCH_NAMES] = {0};
    if (!expect_memory(b))
        return true;
    start_children(r, b, runners);
    int rounds = measure_rounds(r, p, b, runners);
    for (size_t i = b->cell_count; i-- > 0;)
        if (runners[i].started)
            child_stop(&runners[i].child);
    return rounds > 0 || !interrupt_came();
}

static double best_pulse(const report *r)
{
    double best = 0;
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            const cell *c = &r->blocks[i].cells[k];
            for (int s = 0; s < c->sample_count; s++)
                best = c->samples[s].pulse > best ? c->samples[s].pulse : best;
        }
    return best;
}

/* Blocks from this one on have no result. */
static void drop_blocks(report *r, size_t from)
{
    for (size_t i = from; i < r->block_count; i++)
        free(r->blocks[i].cells);
    r->block_count = from;
    r->interrupted = true;
}

void bench_measure(report *r)
{
    progress p;
    double start = seconds_of(CLOCK_MONOTONIC);
    int repeat = r->options->repeat;
    size_t done = 0;
    r->planned_blocks = r->block_count;
    progress_begin(&p, stderr, isatty(STDERR_FILENO), r->block_count, start);
    for (; done < r->block_count && !interrupt_came(); done++) {
        double now = seconds_of(CLOCK_MONOTONIC), left = JOB_SECONDS - (now - start);
        progress_block(&p, repeat ? 0 : left / (double)(r->block_count - done),
                       repeat ? repeat : REPEAT_MOST, now);
        if (!measure_block(r, &p, &r->blocks[done]))
            break;
    }
    progress_end(&p);
    if (interrupt_came())
        drop_blocks(r, done);
    r->pulse = best_pulse(r);
    r->seconds = seconds_of(CLOCK_MONOTONIC) - start;
    judge_pairs(r);
}

int bench_judge(const report *r)
{
    int status = 0;
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        for (size_t k = 0; k < b->cell_count; k++) {
            const cell *c = &b->cells[k];
            if (!*c->error)
                continue;
            fprintf(stderr, "filch bench: %s, %s, %u workers: %s\n", b->label, c->column->label,
                    c->workers, c->error);
            status = 1;
        }
        if (b->unreadable) {
            fprintf(stderr, "filch bench: %s: %llu files or directories could not be read\n",
                    b->label, (unsigned long long)b->unreadable);
            status = 1;
        }
    }
    return r->interrupted ? BENCH_INTERRUPTED : status;
}
