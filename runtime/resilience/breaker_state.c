/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/breaker_state.h>

#include <runtime/platform/config_ranges.h>
#include <runtime/platform/error.h>
#include <runtime/platform/time_sum.h>
#include <sched/assert.h>

#include <errno.h>
#include <string.h>

/* ---- Configuration ---- */

enum { MANY = 1000000, PARTS_MOST = 10000 };

#define FIELD(name, standard, most) FL_NUMBER_FIELD(filch_breaker_config, name, standard, 1, most)
static const fl_field fields[] = {
    FIELD(calls, 100, MANY),
    FIELD(window_time, 0, FILCH_FOREVER),
    FIELD(buckets, 10, PARTS_MOST),
    FIELD(failure_percent, 0, 100),
    FIELD(min_calls, 0, UINT32_MAX),
    FIELD(consecutive, 0, UINT32_MAX),
    FIELD(open_time, 5 * FILCH_SECOND, FILCH_FOREVER),
    FIELD(open_most, 0, FILCH_FOREVER),
    FIELD(probes, 1, MANY),
    FIELD(successes, 1, MANY),
    FIELD(half_open_time, FILCH_FOREVER, FILCH_FOREVER),
};

int fl_breaker_complete(filch_breaker_config *config)
{
    const unsigned min_calls = 10;
    const int64_t open_most = 60 * FILCH_SECOND;
    int rc = fl_fields_complete(config, fields, sizeof fields / sizeof *fields, "a breaker");
    if (rc)
        return rc;
    if (!config->name)
        config->name = "breaker";
    if (!config->failure_percent && !config->consecutive)
        config->failure_percent = 50;
    if (!config->min_calls)
        config->min_calls =
            config->window_time || config->calls > min_calls ? min_calls : config->calls;
    if (!config->window_time && config->min_calls > config->calls)
        return fl_fail(EINVAL,
                       "a breaker with min_calls = %u of %u calls never opens; give it less, or "
                       "more calls",
                       config->min_calls, config->calls);
    if (config->open_growth == 0)
        config->open_growth = 1;
    if (!(config->open_growth >= 1)) /* not a number is none */
        return fl_fail(EINVAL, "a breaker with open_growth = %g; give it 1 or more, or 0",
                       config->open_growth);
    if (!config->open_most)
        config->open_most = config->open_time > open_most ? config->open_time : open_most;
    if (config->open_most < config->open_time)
        return fl_fail(EINVAL,
                       "a breaker with open_time = %lld, above open_most = %lld; give it "
                       "less",
                       (long long)config->open_time, (long long)config->open_most);
    return 0;
}

static unsigned window_size(const filch_breaker_config *config)
{
    return config->window_time ? config->buckets : config->calls;
}

/* Rounded up, so that it is never 0. */
static int64_t window_span(const filch_breaker_config *config)
{
    int64_t time = config->window_time, parts = config->buckets;
    return time / parts + (time % parts != 0);
}

size_t fl_breaker_room(const filch_breaker_config *config)
{
    return fl_window_room(window_size(config), window_span(config));
}

void fl_breaker_begin(fl_breaker_machine *machine, const filch_breaker_config *config, void *room,
                      int64_t now)
{
    *machine = (fl_breaker_machine){.config = *config,
                                    .stats = {.until = FILCH_FOREVER},
                                    .generation = 1,
                                    .now = now,
                                    .open_time = config->open_time};
    fl_window_init(&machine->window, window_size(config), window_span(config), room, now);
}

/* ---- States ---- */

enum { STATES = FILCH_BREAKER_HALF_OPEN + 1 };
enum event { TOO_MANY, IN_A_ROW, DUE, PROBE_FAILED, PROBES_SUCCEEDED, TRIPPED, RESET, EVENTS };

/* Entries that are missing never happen: an event comes only from its own states. */
static const struct step {
    const char *why;
    filch_breaker_state to;
} steps[STATES][EVENTS] = {
    [FILCH_BREAKER_CLOSED] = {[TOO_MANY] = {"too many calls failed", FILCH_BREAKER_OPEN},
                              [IN_A_ROW] = {"too many calls failed in a row", FILCH_BREAKER_OPEN},
                              [TRIPPED] = {"it was tripped", FILCH_BREAKER_OPEN},
                              [RESET] = {"it was reset", FILCH_BREAKER_CLOSED}},
    [FILCH_BREAKER_OPEN] = {[DUE] = {"it was open long enough", FILCH_BREAKER_HALF_OPEN},
                            [TRIPPED] = {"it was tripped", FILCH_BREAKER_OPEN},
                            [RESET] = {"it was reset", FILCH_BREAKER_CLOSED}},
    [FILCH_BREAKER_HALF_OPEN] = {[DUE] = {"the probes took too long", FILCH_BREAKER_OPEN},
                                 [PROBE_FAILED] = {"a probe failed", FILCH_BREAKER_OPEN},
                                 [PROBES_SUCCEEDED] = {"enough probes succeeded",
                                                       FILCH_BREAKER_CLOSED},
                                 [TRIPPED] = {"it was tripped", FILCH_BREAKER_OPEN},
                                 [RESET] = {"it was reset", FILCH_BREAKER_CLOSED}},
};

static int64_t grown(const fl_breaker_machine *machine)
{
    double longer = (double)machine->open_time * machine->config.open_growth;
    int64_t most = machine->config.open_most;
    return longer < (double)most ? (int64_t)longer : most;
}

static int64_t until_when(fl_breaker_machine *machine, filch_breaker_state from,
                          filch_breaker_state to)
{
    if (to == FILCH_BREAKER_CLOSED) {
        machine->open_time = machine->config.open_time;
        return FILCH_FOREVER;
    }
    if (to == FILCH_BREAKER_HALF_OPEN)
        return fl_later(machine->now, machine->config.half_open_time);
    if (from == FILCH_BREAKER_HALF_OPEN)
        machine->open_time = grown(machine);
    return fl_later(machine->now, machine->open_time);
}

static void take(fl_breaker_machine *machine, enum event event)
{
    filch_breaker_stats *stats = &machine->stats;
    filch_breaker_state from = stats->state;
    const struct step *step = &steps[from][event];
    FL_ASSERT(step->why);
    machine->generation++;
    machine->successes = 0;
    stats->probes = 0;
    stats->consecutive = 0;
    stats->until = until_when(machine, from, step->to);
    stats->state = step->to;
    if (step->to == FILCH_BREAKER_CLOSED)
        fl_window_clear(&machine->window, machine->now);
    if (step->to == from)
        return;
    stats->opened += step->to == FILCH_BREAKER_OPEN;
    machine->last = (filch_breaker_change){.from = from,
                                           .to = step->to,
                                           .number = machine->last.number + 1,
                                           .when = machine->now,
                                           .why = step->why};
}

static void see(fl_breaker_machine *machine, int64_t now)
{
    if (now > machine->now)
        machine->now = now;
}

/* ---- Calls ---- */

bool fl_breaker_ask(fl_breaker_machine *machine, filch_breaker_ticket *ticket, int64_t now)
{
    filch_breaker_stats *stats = &machine->stats;
    see(machine, now);
    if (stats->state != FILCH_BREAKER_CLOSED && machine->now >= stats->until)
        take(machine, DUE);
    if (stats->state == FILCH_BREAKER_OPEN ||
        (stats->state == FILCH_BREAKER_HALF_OPEN && stats->probes >= machine->config.probes)) {
        stats->refused++;
        return false;
    }
    stats->passed++;
    stats->probes += stats->state == FILCH_BREAKER_HALF_OPEN;
    ticket->generation = machine->generation;
    return true;
}

static void count_when_closed(fl_breaker_machine *machine, bool failed)
{
    const filch_breaker_config *config = &machine->config;
    const fl_window *window = &machine->window;
    machine->stats.consecutive = failed ? machine->stats.consecutive + 1 : 0;
    fl_window_add(&machine->window, failed, machine->now);
    if (config->consecutive && machine->stats.consecutive >= config->consecutive)
        take(machine, IN_A_ROW);
    else if (config->failure_percent && window->calls >= config->min_calls &&
             window->failures * 100 >= window->calls * config->failure_percent)
        take(machine, TOO_MANY);
}

static void count_when_half_open(fl_breaker_machine *machine, bool failed)
{
    machine->stats.probes--;
    if (failed)
        take(machine, PROBE_FAILED);
    else if (++machine->successes >= machine->config.successes)
        take(machine, PROBES_SUCCEEDED);
}

/* Of this generation; so it is not open, for which there are no tickets. */
static void count(fl_breaker_machine *machine, filch_breaker_verdict verdict)
{
    filch_breaker_stats *stats = &machine->stats;
    bool failed = verdict == FILCH_BREAKER_FAILURE;
    bool half_open = stats->state == FILCH_BREAKER_HALF_OPEN;
    FL_ASSERT(stats->state != FILCH_BREAKER_OPEN && (!half_open || stats->probes));
    if (verdict == FILCH_BREAKER_NEITHER) {
        stats->neither++;
        stats->probes -= half_open;
        return;
    }
    stats->failed += failed;
    stats->succeeded += !failed;
    if (half_open)
        count_when_half_open(machine, failed);
    else
        count_when_closed(machine, failed);
}

int fl_breaker_count(fl_breaker_machine *machine, filch_breaker_ticket *ticket,
                     filch_breaker_verdict verdict, int64_t now)
{
    uint64_t generation = ticket->generation;
    if (!generation)
        return -EALREADY;
    ticket->generation = 0;
    see(machine, now);
    if (generation != machine->generation) {
        machine->stats.late++;
        return -ESTALE;
    }
    count(machine, verdict);
    return 0;
}

/* ---- By hand, and looks ---- */

void fl_breaker_force_open(fl_breaker_machine *machine, int64_t until, int64_t now)
{
    see(machine, now);
    take(machine, TRIPPED);
    machine->stats.until = until;
}

void fl_breaker_force_closed(fl_breaker_machine *machine, int64_t now)
{
    see(machine, now);
    take(machine, RESET);
}

filch_breaker_stats fl_breaker_stats_at(fl_breaker_machine *machine, int64_t now)
{
    see(machine, now);
    fl_window_age(&machine->window, machine->now);
    filch_breaker_stats stats = machine->stats;
    stats.calls = machine->window.calls;
    stats.failures = machine->window.failures;
    return stats;
}

/* ---- The window ---- */

enum { WORD = 64 };

typedef struct part {
    uint64_t calls, failures;
} part;

size_t fl_window_room(unsigned size, int64_t span)
{
    return span ? size * sizeof(part) : (size + WORD - 1) / WORD * sizeof(uint64_t);
}

void fl_window_clear(fl_window *window, int64_t now)
{
    memset(window->room, 0, fl_window_room(window->size, window->span));
    window->calls = window->failures = 0;
    window->at = 0;
    window->start = now;
}

void fl_window_init(fl_window *window, unsigned size, int64_t span, void *room, int64_t now)
{
    *window = (fl_window){.size = size, .span = span, .room = room};
    fl_window_clear(window, now);
}

static void step(fl_window *window)
{
    window->at = window->at + 1 < window->size ? window->at + 1 : 0;
}

void fl_window_age(fl_window *window, int64_t now)
{
    if (!window->span || now < window->start)
        return;
    int64_t gone = (now - window->start) / window->span;
    window->start += gone * window->span;
    if (gone >= window->size) {
        fl_window_clear(window, window->start);
        return;
    }
    for (; gone; gone--) {
        step(window);
        part *oldest = (part *)window->room + window->at;
        window->calls -= oldest->calls;
        window->failures -= oldest->failures;
        *oldest = (part){0};
    }
}

static void add_by_time(fl_window *window, bool failed, int64_t now)
{
    fl_window_age(window, now);
    part *here = (part *)window->room + window->at;
    here->calls++;
    here->failures += failed;
    window->calls++;
}

static void add_by_calls(fl_window *window, bool failed)
{
    uint64_t *word = (uint64_t *)window->room + window->at / WORD;
    uint64_t bit = UINT64_C(1) << window->at % WORD;
    if (window->calls < window->size)
        window->calls++;
    else
        window->failures -= *word & bit ? 1 : 0;
    *word = failed ? *word | bit : *word & ~bit;
    step(window);
}

void fl_window_add(fl_window *window, bool failed, int64_t now)
{
    if (window->span)
        add_by_time(window, failed, now);
    else
        add_by_calls(window, failed);
    window->failures += failed;
}
