/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: needs filch_bench_parts */
#include <tests/support/test.h>

#include <tools/bench/noise.h>
#include <tools/bench/row.h>
#include <tools/bench/summary.h>

static report quiet_report = {.pulse = 1e9};

/* Three samples of a quiet machine, but for one number of each. */
static unsigned noise_with(size_t at, double first, double second, double third)
{
    static cell c;
    const double values[] = {first, second, third};
    c.sample_count = 3;
    for (int i = 0; i < 3; i++) {
        c.samples[i] = (sample){.pulse = 0.99e9, .other_share = -0.01};
        memcpy((char *)&c.samples[i] + at, &values[i], sizeof values[i]);
    }
    return noise_of(&quiet_report, &c);
}

#define NOISE(field, ...) noise_with(offsetof(sample, field), __VA_ARGS__)

static unsigned bit_of(const char *name)
{
    for (unsigned i = 0; i < NOISE_KINDS; i++)
        if (strcmp(noise_kinds[i].name, name) == 0)
            return 1u << i;
    return 0;
}

Test(bench_noise, a_quiet_machine_has_none)
{
    cr_expect(NOISE(runs, 1, 1, 1) == 0);
}

/* Counted in steps of 10 ms: one sample alone says little. */
Test(bench_noise, other_programs_count_by_their_mean)
{
    cr_expect(NOISE(other_share, 0.12, 0.01, 0.01) == 0);
    cr_expect(NOISE(other_share, 0.16, 0.01, 0.01) == bit_of("others"));
    cr_expect(NOISE(stolen_share, 0.03, 0.01, 0.01) == 0);
    cr_expect(NOISE(stolen_share, 0.05, 0.01, 0.01) == bit_of("stolen"));
}

Test(bench_noise, quotas_and_heat_count)
{
    cr_expect(NOISE(quota_share, 0.05, 0, 0) == bit_of("quota"));
    cr_expect(NOISE(throttle_events, 0, 0, 1) == bit_of("hot"));
}

Test(bench_noise, a_clock_below_its_best_counts)
{
    cr_expect(NOISE(pulse, 0.5e9, 0.96e9, 0.96e9) == 0);
    cr_expect(NOISE(pulse, 0.94e9, 0.94e9, 0.96e9) == bit_of("clock"));
}

/* The headline of filch bench, from reports that are made up. */

enum { COLUMNS = 3, BLOCKS = 4 };

static options o = {
    .column_count = COLUMNS,
    .workers = {2},
    .worker_count = 1,
    .columns = {{.as = KERNEL_SERIAL, .label = "serial"},
                {.as = KERNEL_FILCH, .queue = "chase-lev", .label = "chase-lev"},
                {.as = KERNEL_FILCH, .queue = "central-mutex", .label = "central-mutex"}}};
static cell cells[BLOCKS][COLUMNS];
static report r;

/* Kernel i, on which the central queue takes so many times as long, in so many rounds. */
static void made(size_t i, const char *label, double times, int rounds)
{
    block *b = &r.blocks[i];
    *b = (block){.row = kernel_find("fib"), .cells = cells[i], .cell_count = COLUMNS};
    strcpy(b->label, label);
    for (size_t k = 0; k < COLUMNS; k++) {
        cell *c = &cells[i][k];
        *c = (cell){.column = &o.columns[k], .workers = k ? 2 : 1, .sample_count = rounds};
        for (int s = 0; s < rounds; s++)
            c->samples[s] =
                (sample){.runs = 1,
                         .seconds = (k == 2 ? times : 1) * (1 + 0.001 * ((s * 5 + (int)k) % 7)),
                         .pulse = 1e9};
    }
    r.block_count = i + 1;
}

static char *headline(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    r.options = &o;
    r.pulse = 1e9;
    judge_pairs(&r);
    bench_write_verdict(&r, 5, out);
    fclose(out);
    return text;
}

#define BESIDE "work stealing (chase-lev) is "
#define OTHER "one queue (central-mutex)"

static void expect(const char *expected)
{
    char *text = headline();
    cr_expect_str_eq(text, expected, "%s", text);
    free(text);
}

Test(bench_verdict, the_largest_effect_comes_first)
{
    made(0, "nqueens(11)", 1.43, 8);
    made(1, "fib(30)", 76, 8);
    made(2, "sort(10^7)", 0.5, 8);
    made(3, "matmul(128)", 1.001, 8);
    expect(BESIDE "76 times faster than " OTHER " on fib(30), 1.43 times on nqueens(11); 2.0 times "
                  "slower on sort(10^7); as fast on matmul(128)\n");
}

Test(bench_verdict, under_eight_rounds_gives_no_verdict)
{
    made(0, "fib(30)", 76, 7);
    expect(BESIDE "measured beside " OTHER " in too few rounds for a verdict on fib(30)\n");
}

Test(bench_verdict, disturbed_kernels_are_marked)
{
    made(0, "fib(30)", 76, 8);
    for (int s = 0; s < 8; s++)
        cells[0][2].samples[s].stolen_share = 0.5;
    expect(BESIDE
           "76 times faster than " OTHER " on fib(30)*\n"
           "*: disturbed, measure again on a quiet machine: the hypervisor gave more than 2 % "
           "of the machine to other guests\n");
}

Test(bench_verdict, failures_come_first_and_never_count)
{
    char *title = NULL;
    size_t size;
    made(0, "fib(30)", 76, 8);
    made(1, "fib(20)", 76, 8);
    strcpy(cells[0][2].error, "its process ended with status 1");
    expect("failed: fib(30), " OTHER ", 2 workers: its process ended with status 1\n" BESIDE
           "76 times faster than " OTHER " on fib(20)\n");
    for (size_t k = 0; k < COLUMNS; k++)
        strcpy(cells[0][k].error, "no memory");
    FILE *out = open_memstream(&title, &size);
    row_write_title(&r.blocks[0], out);
    fclose(out);
    cr_expect_eq(strncmp(title, "fib(30): failed", 15), 0, "%s", title);
    free(title);
}

Test(bench_verdict, an_interrupted_run_says_so)
{
    made(0, "fib(30)", 76, 8);
    r.interrupted = true;
    r.planned_blocks = 4;
    expect("interrupted: 1 of 4 kernels and sizes were measured\n" BESIDE
           "76 times faster than " OTHER " on fib(30)\n");
}

Test(bench_verdict, more_than_three_kernels_are_counted)
{
    made(0, "a(1)", 9, 8);
    made(1, "b(1)", 8, 8);
    made(2, "c(1)", 7, 8);
    made(3, "d(1)", 6, 8);
    expect(BESIDE "9.0 times faster than " OTHER
                  " on a(1), 8.0 times on b(1), 7.0 times on c(1) and "
                  "1 more\n");
}
