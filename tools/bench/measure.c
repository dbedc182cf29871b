/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Measures one block after the other. The children of a block's cells live side by side, each idle
 * unless it is its turn: first every one warms up, then they take turns, A B C A B C, so that what
 * slows the machine for a while slows all of them alike. */
#include "bench.h"
#include "child.h"

#include <string.h>
#include <tools/shared/clock.h>
#include <tools/shared/machine.h>
#include <unistd.h>

/* Without --repeat: at least, at most, and how long the whole job may take. */
enum { REPEAT_LEAST = 3, REPEAT_MOST = 11, JOB_SECONDS = 42 };

typedef struct runner {
    cell *cell;
    child child;
    bool started;
    uint32_t runs; /* of one sample */
} runner;

static void show_progress(const report *r, const block *b, const cell *c, int round)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (!c) {
        fprintf(stderr, "\r\033[K");
        return;
    }
    fprintf(stderr, "\r\033[K[%zu/%zu] %s  %s, %u worker%s, %s", (size_t)(b - r->blocks) + 1,
            r->block_count, b->label, c->column->label, c->workers, c->workers == 1 ? "" : "s",
            round ? "round " : "warm-up");
    if (round)
        fprintf(stderr, "%d", round);
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
    const filch_stat *row;
    if (c->column->as != KERNEL_FILCH)
        return;
    c->counted_runs += reply->sample.runs;
    for (unsigned i = 0; (row = filch_stats_row(i)); i++) {
        uint64_t *sum = (uint64_t *)(void *)((char *)&c->counted + row->offset);
        uint64_t one =
            *(const uint64_t *)(const void *)((const char *)&reply->counted + row->offset);
        *sum = row->now ? one : *sum + one;
    }
}

/* One sample of one cell; a warm-up (runs 0) is not kept, but tells how many runs fill a sample. */
static double take_sample(block *b, runner *run, child_order order)
{
    child_reply reply;
    cell *c = run->cell;
    double pulse = machine_pulse();
    machine_noise before = machine_noise_read();
    double start = seconds_of(CLOCK_MONOTONIC);
    child_send(&run->child, order);
    child_receive(&run->child, &reply);
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
    return seconds;
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

/* Every living cell once. Returns how long it took. */
static double one_round(const report *r, block *b, runner *runners, int round)
{
    double seconds = 0;
    for (size_t i = 0; i < b->cell_count; i++) {
        runner *run = &runners[i];
        if (*run->cell->error)
            continue;
        show_progress(r, b, run->cell, round);
        seconds += take_sample(b, run, (child_order){round ? run->runs : 0, round || i});
    }
    return seconds;
}

static void measure_block(const report *r, block *b, double seconds)
{
    runner runners[BENCH_NAMES * BENCH_NAMES] = {0};
    double start = seconds_of(CLOCK_MONOTONIC);
    int repeat = r->options->repeat;
    if (!expect_memory(b))
        return;
    start_children(r, b, runners);
    one_round(r, b, runners, 0);
    for (int round = 1; round <= (repeat ? repeat : REPEAT_MOST); round++) {
        double took = one_round(r, b, runners, round);
        if (!repeat && round >= REPEAT_LEAST &&
            seconds_of(CLOCK_MONOTONIC) - start + took > seconds)
            break;
    }
    for (size_t i = b->cell_count; i-- > 0;)
        if (runners[i].started)
            child_stop(&runners[i].child);
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

void bench_measure(report *r)
{
    double start = seconds_of(CLOCK_MONOTONIC);
    for (size_t i = 0; i < r->block_count; i++) {
        double left = JOB_SECONDS - (seconds_of(CLOCK_MONOTONIC) - start);
        measure_block(r, &r->blocks[i], left / (double)(r->block_count - i));
    }
    show_progress(r, NULL, NULL, 0);
    r->pulse = best_pulse(r);
    r->seconds = seconds_of(CLOCK_MONOTONIC) - start;
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
    return status;
}
