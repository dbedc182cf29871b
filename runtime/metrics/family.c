/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/metrics/family.h>

#include <runtime/metrics/metrics.h>
#include <runtime/metrics/number_text.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/hash.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/text/text_builder.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>

static const char other[] = "(other)";

/* ---- Members ---- */

typedef struct source_row {
    int (*create)(fl_member *member);
    const char *call; /* by which it is asked for */
} source_row;

static int create_counter(fl_member *member)
{
    return filch_counter_create(&member->counter);
}

static int create_gauge(fl_member *member)
{
    (void)member; /* zero bytes are one */
    return 0;
}

static int create_distribution(fl_member *member)
{
    return filch_distribution_create(&member->distribution);
}

static const source_row sources[FILCH_METRIC_KINDS] = {
    [FILCH_METRIC_COUNTER] = {create_counter, "filch_family_counter"},
    [FILCH_METRIC_GAUGE] = {create_gauge, "filch_family_gauge"},
    [FILCH_METRIC_SUMMARY] = {create_distribution, "filch_family_distribution"},
    [FILCH_METRIC_HISTOGRAM] = {create_distribution, "filch_family_distribution"},
};

static void destroy_member(fl_member *member)
{
    if (!member)
        return;
    filch_counter_destroy(member->counter);
    filch_distribution_destroy(member->distribution);
    free(member);
}

/* Adds it to the registry, too. Negative errno through fl_fail: a value is not fit to be shown,
 * memory is short, or the registry shows another metric of this name and labels. */
static int make_member(fl_member **out, filch_family *family, const char *const *values,
                       uint64_t hash)
{
    size_t size = 0;
    for (unsigned i = 0; i < family->labels; i++)
        size += strlen(values[i]) + 1;
    fl_member *member = calloc(1, sizeof *member + size);
    if (!member)
        return fl_fail(ENOMEM, "no memory for a metric of the family %s; free some",
                       family->what.name);
    filch_metric what = family->what;
    char *to = member->values;
    member->hash = hash;
    for (unsigned i = 0; i < family->labels; i++) {
        what.labels[i].value = to;
        to = stpcpy(to, values[i]) + 1;
    }
    int rc = sources[what.kind].create(member);
    what.counter = member->counter;
    what.distribution = member->distribution;
    what.gauge = what.kind == FILCH_METRIC_GAUGE ? &member->gauge : NULL;
    if (!rc)
        rc = filch_metrics_add(family->metrics, &what);
    if (rc)
        destroy_member(member);
    else
        *out = member;
    return rc;
}

/* ---- The table ---- */

/* false: a value is too long. */
static bool hash_of(const filch_family *family, const char *const *values, uint64_t *hash)
{
    uint64_t h = FL_HASH_START ^ family->seed;
    for (unsigned i = 0; i < family->labels; i++) {
        size_t length = 0;
        for (; values[i][length]; length++) {
            if (length == FILCH_FAMILY_VALUE_MOST)
                return false;
            h = fl_hash_byte(h, (unsigned char)values[i][length]);
        }
        h = fl_hash_byte(h, 0xff); /* no byte of UTF-8: where a value ends */
    }
    *hash = h ^ h >> 32;
    return true;
}

static bool is_of(const fl_member *member, const filch_family *family, const char *const *values,
                  uint64_t hash)
{
    const char *own = member->values;
    if (member->hash != hash)
        return false;
    for (unsigned i = 0; i < family->labels; i++, own += strlen(own) + 1)
        if (strcmp(own, values[i]))
            return false;
    return true;
}

/* The member, or NULL; then slots[*at] is its free place. */
static fl_member *search(filch_family *family, const char *const *values, uint64_t hash,
                         unsigned *at)
{
    for (unsigned i = (unsigned)hash;; i++) {
        *at = i & family->mask;
        fl_member *member = filch_ptr_load(&family->slots[*at], FILCH_ACQUIRE); /* FindMember */
        if (!member || is_of(member, family, values, hash))
            return member;
    }
}

/* With the lock. NULL: it cannot be added. */
static fl_member *search_or_add(filch_family *family, const char *const *values, uint64_t hash)
{
    unsigned at;
    fl_member *member = search(family, values, hash, &at);
    if (member || family->sets == family->most || make_member(&member, family, values, hash))
        return member;
    filch_ptr_store(&family->slots[at], member, FILCH_RELEASE); /* PublishMember */
    if (++family->sets == family->most)
        filch_u32_store(&family->full, 1, FILCH_RELEASE); /* MarkFull */
    return member;
}

static fl_member *refuse(filch_family *family)
{
    filch_counter_add(family->refused, 1);
    return family->other;
}

static void check_request(const filch_family *family, const char *const *values, const char *call)
{
    unsigned count = 0;
    if (strcmp(sources[family->what.kind].call, call))
        filch_die("%s of the family %s, which is of another kind; call %s", call, family->what.name,
                  sources[family->what.kind].call);
    while (count <= family->labels && values[count])
        count++;
    if (count != family->labels)
        filch_die("%s: %s%u value%s for the %u labels of %s; give one for each, then NULL", call,
                  count > family->labels ? "at least " : "", count, count == 1 ? "" : "s",
                  family->labels, family->what.name);
}

static fl_member *member_of(filch_family *family, const char *const *values, const char *call)
{
    uint64_t hash;
    unsigned at;
    check_request(family, values, call);
    if (!hash_of(family, values, &hash))
        return refuse(family);
    bool full = filch_u32_load(&family->full, FILCH_ACQUIRE); /* ReadFull */
    fl_member *member = search(family, values, hash, &at);
    if (!member && !full) {
        fl_lock(&family->lock);
        member = search_or_add(family, values, hash);
        fl_unlock(&family->lock);
    }
    return member ? member : refuse(family);
}

filch_counter *filch_family_counter(filch_family *family, const char *const *values)
{
    FL_MUST_LIVE(family);
    return member_of(family, values, "filch_family_counter")->counter;
}

filch_gauge *filch_family_gauge(filch_family *family, const char *const *values)
{
    FL_MUST_LIVE(family);
    return &member_of(family, values, "filch_family_gauge")->gauge;
}

filch_distribution *filch_family_distribution(filch_family *family, const char *const *values)
{
    FL_MUST_LIVE(family);
    return member_of(family, values, "filch_family_distribution")->distribution;
}

/* ---- Life ---- */

static int refuse_config(filch_family **out, filch_metrics *metrics,
                         const filch_family_config *config)
{
    if (!out || !metrics || !config)
        return fl_fail(EINVAL, "filch_family_create without %s; pass one",
                       !out       ? "an address for the family"
                       : !metrics ? "a registry"
                                  : "a configuration");
    const char *name = config->name ? config->name : "";
    if (!config->labels[0])
        return fl_fail(EINVAL, "the family %s has no labels; give it one, or use filch_metrics_add",
                       name);
    if (config->most > FILCH_FAMILY_MOST)
        return fl_fail(EINVAL, "most of the family %s is %u (1..%d label sets)", name, config->most,
                       FILCH_FAMILY_MOST);
    if ((unsigned)config->kind >= FILCH_METRIC_KINDS)
        return fl_fail(EINVAL, "the family %s is of kind %d; see filch_metric_kind", name,
                       (int)config->kind);
    return 0;
}

/* Name, help and the labels' names; *what points to them. */
static void put_texts(fl_text *to, filch_metric *what, const filch_family_config *config)
{
    const char *const texts[] = {config->name ? config->name : "",
                                 config->help ? config->help : ""};
    const char **const places[] = {&what->name, &what->help};
    for (unsigned i = 0; i < 2; i++) {
        *places[i] = to->at + to->length;
        fl_text_put(to, texts[i], strlen(texts[i]) + 1);
    }
    for (unsigned i = 0; i < FILCH_LABELS_MOST && config->labels[i]; i++) {
        what->labels[i].name = to->at + to->length;
        fl_text_put(to, config->labels[i], strlen(config->labels[i]) + 1);
    }
}

static filch_family *make_family(filch_metrics *metrics, const filch_family_config *config)
{
    char nowhere[1];
    fl_text size = {.at = nowhere};
    unsigned most = config->most ? config->most : FILCH_FAMILY_DEFAULT, slots = 2;
    put_texts(&size, &(filch_metric){0}, config);
    while (slots < 2 * (most + 1)) /* the overflow member is in the table, too */
        slots *= 2;
    filch_family *family = calloc(1, sizeof *family + slots * sizeof family->slots[0]);
    char *texts = malloc(size.length);
    if (!family || !texts) {
        free(family);
        free(texts);
        return NULL;
    }
    family->metrics = metrics;
    family->what = (filch_metric){.kind = config->kind, .owner = family, .unit = config->unit};
    memcpy(family->what.marks, config->marks, sizeof config->marks);
    family->texts = texts;
    put_texts(&(fl_text){.at = texts, .room = size.length}, &family->what, config);
    while (family->labels < FILCH_LABELS_MOST && config->labels[family->labels])
        family->labels++;
    family->most = most;
    family->mask = slots - 1;
    family->seed = fl_rng_seed((uint64_t)fl_now(), (uintptr_t)family);
    return family;
}

/* The overflow member, which is found like any other, and the count of refused requests. */
static int show(filch_family *family)
{
    const char *values[FILCH_LABELS_MOST];
    uint64_t hash;
    unsigned at;
    for (unsigned i = 0; i < family->labels; i++)
        values[i] = other;
    hash_of(family, values, &hash);
    search(family, values, hash, &at);
    int rc = filch_counter_create(&family->refused);
    if (!rc)
        rc = make_member(&family->other, family, values, hash);
    if (rc)
        return rc;
    filch_ptr_store(&family->slots[at], family->other, FILCH_RELAXED); /* not yet shared */
    const filch_metric refused = {.name = "filch_family_refused_total",
                                  .help = "Lookups that returned a family's overflow metric.",
                                  .kind = FILCH_METRIC_COUNTER,
                                  .labels = {{"family", family->what.name}},
                                  .counter = family->refused,
                                  .owner = family};
    return filch_metrics_add(family->metrics, &refused);
}

int filch_family_create(filch_family **out, filch_metrics *metrics,
                        const filch_family_config *config)
{
    FL_MAY_LIVE(metrics);
    int rc = refuse_config(out, metrics, config);
    if (rc)
        return rc;
    filch_family *family = make_family(metrics, config);
    if (!family)
        return fl_fail(ENOMEM, "no memory for the family %s; lower its most, or free some",
                       config->name ? config->name : "");
    fl_life_begin(&family->life);
    rc = show(family);
    if (rc)
        filch_family_destroy(family);
    else
        *out = family;
    return rc;
}

void filch_family_destroy(filch_family *family)
{
    FL_MAY_LIVE(family);
    if (!family)
        return;
    filch_metrics_remove(family->metrics, family);
    for (unsigned i = 0; i <= family->mask; i++) /* family->other is one of them, or not made */
        destroy_member(filch_ptr_load(&family->slots[i], FILCH_RELAXED)); /* no longer shared */
    filch_counter_destroy(family->refused);
    free(family->texts);
    fl_life_end(&family->life);
    free(family);
}

/* ---- Queries ---- */

void filch_family_stats_read(const filch_family *family, filch_family_stats *out, size_t size)
{
    FL_MUST_LIVE(family);
    FL_MUST_GIVE(out);
    filch_u32 *lock = (filch_u32 *)(uintptr_t)&family->lock;
    filch_family_stats all = {.refused = filch_counter_read(family->refused), .most = family->most};
    fl_lock(lock);
    all.sets = family->sets;
    fl_unlock(lock);
    fl_answer(out, size, &all, sizeof all);
}
