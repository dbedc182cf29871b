/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A metric family: threads ask for new and old label sets at the same time. Real:
 * runtime/metrics/family. Played: the lock, the registry, counters.
 *
 * Each thread has a script: a letter is a request for the label set with that value. There are
 * `most` label sets.
 *
 * Claims: all requests for one set get the same metric, which is complete and has the set's value.
 * At most as many sets as the cap have a metric of their own; a request that got the overflow
 * metric is counted as refused; all is freed. */
#include <runtime/metrics/family.h>
#include <runtime/platform/clock.h>
#include <tests/model/system/system.h>

#include <stdlib.h>
#include <string.h>

enum { REQUESTS = 4, SHOWN = 8 };

static struct shape {
    const char *script[MC_THREADS + 1];
    unsigned most;
} shape;

static filch_family *family;
static filch_counter *got[MC_THREADS + 1][REQUESTS];
static unsigned refused;
static struct shown {
    const void *counter;
    char value;
} shown[SHOWN];
static unsigned shown_count;

extern unsigned locks_are_played;

/* ---- Played ---- */

/* It is a part of the seed: the same in each execution. */
int64_t fl_now(void)
{
    return 1;
}

MC_UNCHECKED int filch_metrics_add(filch_metrics *metrics, const filch_metric *metric)
{
    (void)metrics;
    MC_CLAIM(shown_count < SHOWN, "more metrics than there may be");
    shown[shown_count++] = (struct shown){metric->counter, metric->labels[0].value[0]};
    return 0;
}

int filch_metrics_remove(filch_metrics *metrics, const void *owner)
{
    (void)metrics, (void)owner;
    return 0;
}

int filch_counter_create(filch_counter **out)
{
    *out = malloc(16);
    return 0;
}

void filch_counter_destroy(filch_counter *counter)
{
    if (counter)
        free(counter);
}

MC_UNCHECKED void filch_counter_add(filch_counter *counter, uint64_t n)
{
    (void)counter;
    refused += (unsigned)n;
}

uint64_t filch_counter_read(const filch_counter *counter)
{
    (void)counter;
    return refused;
}

int filch_distribution_create(filch_distribution **out)
{
    (void)out;
    return -1;
}

void filch_distribution_destroy(filch_distribution *distribution)
{
    (void)distribution;
}

/* ---- Threads ---- */

static void body(unsigned thread)
{
    for (unsigned i = 0; shape.script[thread][i]; i++) {
        const char value[2] = {shape.script[thread][i], '\0'};
        const char *const values[] = {value, NULL};
        got[thread][i] = filch_family_counter(family, values);
    }
}

/* ---- Before and after ---- */

static void lay_out(struct shape chosen)
{
    static const filch_family_config config = {.name = "a_total",
                                               .help = "A.",
                                               .kind = FILCH_METRIC_COUNTER,
                                               .labels = {"x"}};
    filch_family_config own = config;
    shape = chosen;
    locks_are_played = 1;
    refused = shown_count = 0;
    memset(got, 0, sizeof got);
    memset(shown, 0, sizeof shown);
    own.most = shape.most;
    if (filch_family_create(&family, (filch_metrics *)(uintptr_t)&shape, &own))
        mc_fail("no family can be created");
    mc_name(&family->full, "full");
    for (unsigned i = 0; i <= family->mask; i++)
        mc_name(&family->slots[i], "slot");
}

static char value_of(const filch_counter *counter)
{
    for (unsigned i = 0; i < shown_count; i++)
        if (shown[i].counter == counter)
            return shown[i].value;
    return '\0';
}

static void check_request(unsigned thread, unsigned request, const filch_counter **first)
{
    const filch_counter *counter = got[thread][request];
    char value = shape.script[thread][request];
    bool own = counter != family->other->counter;
    MC_CLAIM(value_of(counter) == (own ? value : '('), "a request gets another set's metric");
    MC_CLAIM(!first[(int)value] || first[(int)value] == counter, "a set has two metrics");
    first[(int)value] = counter;
    mc_outcome(own ? "own" : "other");
}

static void finish(void)
{
    const filch_counter *first[128] = {0};
    unsigned others = 0;
    for (unsigned thread = 0; shape.script[thread]; thread++)
        for (unsigned i = 0; shape.script[thread][i]; i++) {
            check_request(thread, i, first);
            others += got[thread][i] == family->other->counter;
        }
    MC_CLAIM(others == refused, "a refused request is not counted, or another one is");
    MC_CLAIM(family->sets <= shape.most, "more sets than the cap");
    MC_CLAIM(family->sets + 2 == shown_count, "a metric is shown twice");
    filch_family_destroy(family);
    MC_CLAIM(mc_objects() == 0, "a metric is never freed");
}

MC_SHAPE(same, .script = {"a", "a"}, .most = 1)
MC_SHAPE(same_four, .script = {"a", "a", "a", "a"}, .most = 1)
MC_SHAPE(same_three, .script = {"a", "a", "a"}, .most = 1)
MC_SHAPE(one_too_many, .script = {"a", "b"}, .most = 1)
MC_SHAPE(again, .script = {"ab", "ba"}, .most = 1)
MC_SHAPE(room_for_both, .script = {"ab", "ba"}, .most = 2)
MC_SHAPE(three, .script = {"a", "ba", "ab"}, .most = 1)

#define ROW(name, what, expected, ...)                                                             \
    {                                                                                              \
#name, what, .setup = setup_##name, .body = body, .finish = finish, .outcomes = expected,  \
                     __VA_ARGS__                                                                   \
    }
#define TWO .threads = {"one", "another"}
#define THREE .threads = {"one", "another", "third"}

const mc_model mc_models[] = {
    ROW(same, "two ask for the same new set", "own", TWO),
    ROW(same_three, "three do", "own", THREE, .alike = "aaa"),
    ROW(same_four, "four do", "own", .threads = {"one", "another", "third", "fourth"},
        .alike = "aaaa"),
    ROW(one_too_many, "two ask for different new sets, and there may be one", "other own", TWO),
    ROW(again, "the same, and each asks for the other's set afterwards", "other own", TWO),
    ROW(room_for_both, "the same with room for both", "own", TWO),
    ROW(three, "three", "other own", THREE, .bound = 0),
    {.name = NULL}};
