/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/text/duration.h>
#include <runtime/service/handlers/command.h>
#include <runtime/service/program/arena.h>
#include <runtime/service/program/values.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef int value_read_fn(const fl_key *key, const char *text, void *field, fl_keep *keep);

enum { TEXT_MOST = 4096, WEIGHT_MOST = 1000, PORT_MOST = 65535 };

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

static const unit sizes[] = {
    {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
static const unit none[] = {{"", 1}, {NULL, 0}};

/* Digits alone, up to `end`; no sign, no blank. */
static bool read_digits(const char *text, const char *end, int64_t *out)
{
    int64_t value = 0;
    if (text == end)
        return false;
    for (; text < end; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    *out = value;
    return true;
}

/* A number with one of the units behind, within the key's range. */
static bool read_integer(const fl_key *key, const char *text, const unit *units, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    int64_t value;
    for (; units->name; units++)
        if (strcmp(units->name, text + digits) == 0)
            break;
    if (!units->name || !read_digits(text, text + digits, &value) ||
        __builtin_mul_overflow(value, units->factor, &value) || value < key->least ||
        value > key->most)
        return false;
    *out = value;
    return true;
}

static int read_number(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    int64_t value;
    (void)keep;
    if (!read_integer(key, text, none, &value))
        return -EINVAL;
    *(unsigned *)field = (unsigned)value;
    return 0;
}

/* Up to three places. */
static int read_decimal(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    const char *point = strchrnul(text, '.'), *places = *point ? point + 1 : point;
    size_t count = strlen(places);
    int64_t whole, part = 0;
    (void)keep;
    if (!read_digits(text, point, &whole) || whole > key->most ||
        (*point && (count > 3 || !read_digits(places, places + count, &part))))
        return -EINVAL;
    for (size_t i = count; i < 3; i++)
        part *= 10;
    whole = whole * 1000 + part;
    if (whole < key->least || whole > key->most)
        return -EINVAL;
    *(double *)field = (double)whole / 1000;
    return 0;
}

static int read_time(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    (void)keep;
    if (key->most == FILCH_FOREVER && strcmp(text, "forever") == 0) {
        *(int64_t *)field = FILCH_FOREVER;
        return 0;
    }
    const int64_t most = key->most == FILCH_FOREVER ? FILCH_FOREVER - 1 : key->most;
    return fl_duration_read(text, key->least, most, field) ? 0 : -EINVAL;
}

static int read_bytes(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    int64_t value;
    (void)keep;
    if (!read_integer(key, text, sizes, &value))
        return -EINVAL;
    *(size_t *)field = (size_t)value;
    return 0;
}

static int read_flag(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    (void)key, (void)keep;
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0)
        return -EINVAL;
    *(bool *)field = yes;
    return 0;
}

static int read_text(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    (void)key, (void)keep;
    if (strlen(text) > TEXT_MOST)
        return -EINVAL;
    *(const char **)field = text;
    return 0;
}

static int read_choice(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    (void)keep;
    for (int i = 0; key->choices[i]; i++)
        if (strcmp(key->choices[i], text) == 0) {
            *(int *)field = i;
            return 0;
        }
    return -EINVAL;
}

static int read_port(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    int64_t value = FL_PORT_NONE;
    (void)key, (void)keep;
    if (strcmp(text, "none") != 0 &&
        (!read_digits(text, text + strlen(text), &value) || value > PORT_MOST))
        return -EINVAL;
    *(int *)field = (int)value;
    return 0;
}

/* "100/s" or "6000/m:50": the burst is a tenth of the rate by default, at least 1. */
static int read_rate(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    const char *slash = strchr(text, '/'), *colon = strchrnul(text, ':');
    int64_t rate, burst;
    (void)keep;
    if (!slash || slash > colon || !read_digits(text, slash, &rate) || rate < key->least ||
        rate > key->most)
        return -EINVAL;
    burst = rate / 10 ? rate / 10 : 1;
    if (*colon &&
        (!read_digits(colon + 1, text + strlen(text), &burst) || burst < 1 || burst > key->most))
        return -EINVAL;
    const int64_t period = fl_time_unit_of(slash + 1, (size_t)(colon - slash - 1));
    if (period < FILCH_SECOND)
        return -EINVAL;
    *(filch_limit *)field = (filch_limit){(uint32_t)rate, (uint32_t)burst, period};
    return 0;
}

/* Without the blanks around it, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t");
    char *end = strchr(text, '\0');
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return text;
}

/* One of "name=weight", in place. */
static bool read_queue(char *text, filch_service_queue *queue)
{
    char *equal = strchr(text, '=');
    int64_t weight = 1;
    if (equal) {
        *equal++ = '\0';
        equal = trim(equal);
        if (!read_digits(equal, equal + strlen(equal), &weight))
            return false;
    }
    text = trim(text);
    *queue = (filch_service_queue){text, (unsigned)weight};
    return *text && !text[fl_queue_name_length(text)] && weight >= 1 && weight <= WEIGHT_MOST;
}

static int read_queues(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    fl_configuration *out = (void *)((char *)field - key->offset);
    filch_service_queue queues[FILCH_SERVICE_QUEUES];
    unsigned count = 0;
    char *rest = fl_keep_text(keep, text, strlen(text)), *one;
    if (!rest)
        return -ENOMEM;
    while ((one = strsep(&rest, ","))) {
        if (count == FILCH_SERVICE_QUEUES || !read_queue(one, &queues[count]))
            return -EINVAL;
        for (unsigned i = 0; i < count; i++)
            if (strcmp(queues[i].name, queues[count].name) == 0)
                return -EINVAL;
        count++;
    }
    memcpy(out->queues, queues, count * sizeof *queues);
    out->queue_count = count;
    return 0;
}

static bool is_variable(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char *const of_job[] = {"FILCH_JOB_", "FILCH_HEADER_", "TRACEPARENT"};
    for (unsigned i = 0; i < sizeof of_job / sizeof *of_job; i++)
        if (strncmp(name, of_job[i], strlen(of_job[i])) == 0)
            return false;
    size_t length = strspn(name, letters);
    return length && !name[length + strspn(name + length, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                          "abcdefghijklmnopqrstuvwxyz_")];
}

static int read_names(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    unsigned count = 0;
    const char **names = fl_keep_bytes(keep, (FL_CHILD_PASSED_MOST + 1) * sizeof *names);
    char *rest = names ? fl_keep_text(keep, text, strlen(text)) : NULL, *one;
    (void)key;
    if (!rest)
        return -ENOMEM;
    while ((one = strsep(&rest, ","))) {
        one = trim(one);
        if (count == FL_CHILD_PASSED_MOST || !is_variable(one))
            return -EINVAL;
        names[count++] = one;
    }
    *(const char *const **)field = names;
    return 0;
}

/* Read by fl_handlers_read and fl_periodics_read, when the other keys are known. */
static int read_list(const fl_key *key, const char *text, void *field, fl_keep *keep)
{
    (void)key, (void)text, (void)field, (void)keep;
    return 0;
}

static value_read_fn *const reads[FL_KEY_TYPES] = {
    [FL_KEY_NUMBER] = read_number, [FL_KEY_DECIMAL] = read_decimal, [FL_KEY_TIME] = read_time,
    [FL_KEY_BYTES] = read_bytes,   [FL_KEY_FLAG] = read_flag,       [FL_KEY_TEXT] = read_text,
    [FL_KEY_CHOICE] = read_choice, [FL_KEY_PORT] = read_port,       [FL_KEY_RATE] = read_rate,
    [FL_KEY_QUEUES] = read_queues, [FL_KEY_NAMES] = read_names,     [FL_KEY_LIST] = read_list};

int fl_value_read(const fl_key *key, const char *text, void *base, fl_keep *keep)
{
    int rc = reads[key->type](key, text, (char *)base + key->offset, keep);
    if (!rc && key->given)
        *(bool *)((char *)base + key->given) = true;
    return rc;
}

/* ---- Allowed values ---- */

/* The largest unit in which it is whole. */
static void tell_in(int64_t value, const unit *units, char *text, size_t size)
{
    const unit *best = units;
    for (const unit *one = units; one->name; one++)
        if (*one->name && value && value % one->factor == 0)
            best = one;
    snprintf(text, size, "%" PRId64 "%s", value / best->factor, best->name);
}

static void allow_range(const fl_key *key, const unit *units, const char *behind, char *text,
                        size_t size)
{
    char least[32], most[32];
    tell_in(key->least, units, least, sizeof least);
    tell_in(key->most, units, most, sizeof most);
    snprintf(text, size, "%s..%s%s", least, most, behind);
}

static void allow_times(const fl_key *key, char *text, size_t size)
{
    char least[32], most[32] = "forever";
    fl_duration_write(key->least, least, sizeof least);
    if (key->most != FILCH_FOREVER)
        fl_duration_write(key->most, most, sizeof most);
    snprintf(text, size, "%s..%s; " FL_DURATION_UNITS, least, most);
}

static void allow_choices(const fl_key *key, char *text, size_t size)
{
    size_t used = 0;
    for (unsigned i = 0; key->choices[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", key->choices[i]);
}

void fl_key_allowed(const fl_key *key, char *text, size_t size)
{
    static const char *const fixed[FL_KEY_TYPES] = {
        [FL_KEY_FLAG] = "true, false",
        [FL_KEY_TEXT] = "text of 1..4096 bytes",
        [FL_KEY_PORT] = "none, 0..65535",
        [FL_KEY_RATE] = "N/s, N/m, N/h, N/d, optionally followed by :BURST",
        [FL_KEY_NAMES] =
            ("up to 64 NAMEs, separated by commas; letters, digits, underscores; none of "
             "FILCH_JOB_..., FILCH_HEADER_..., TRACEPARENT"),
        [FL_KEY_QUEUES] =
            ("up to 64 of NAME or NAME=WEIGHT, separated by commas; names without blanks; "
             "weights 1..1000"),
        [FL_KEY_LIST] = "JSON array of objects"};
    if (fixed[key->type])
        snprintf(text, size, "%s", fixed[key->type]);
    else if (key->type == FL_KEY_CHOICE)
        allow_choices(key, text, size);
    else if (key->type == FL_KEY_TIME)
        allow_times(key, text, size);
    else if (key->type == FL_KEY_BYTES)
        allow_range(key, sizes, "; units KiB, MiB, GiB", text, size);
    else if (key->type == FL_KEY_DECIMAL)
        snprintf(text, size, "%g..%g", (double)key->least / 1000, (double)key->most / 1000);
    else
        allow_range(key, none, "", text, size);
}
