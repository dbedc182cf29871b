/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/settings.h>

#include <filch/atomic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/variables.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A setting's name, in the configuration or in the environment, for messages. */
static const char *source(bool from_config, const char *field, enum fl_variable variable)
{
    return from_config ? field : fl_variables[variable];
}

/* A number from the configuration (0: not given), the environment, or `standard`. */
static int number(uint64_t *out, uint64_t given, const char *field, enum fl_variable variable,
                  uint64_t least, uint64_t most, uint64_t standard)
{
    const char *text = secure_getenv(fl_variables[variable]);
    uint64_t value = given ? given : standard;
    if (!given && text && *text) {
        char *end;
        errno = 0;
        value = strtoull(text, &end, 0);
        if (errno || *end || strchr(text, '-'))
            return fl_fail(EINVAL, "%s=%s is not a number; give %llu to %llu",
                           fl_variables[variable], text, (unsigned long long)least,
                           (unsigned long long)most);
    } else if (!given) {
        *out = standard;
        return 0;
    }
    if (value < least || value > most)
        return fl_fail(EINVAL, "%s=%llu is out of range; give %llu to %llu",
                       source(given != 0, field, variable), (unsigned long long)value,
                       (unsigned long long)least, (unsigned long long)most);
    *out = value;
    return 0;
}

static const char *word(const char *given, enum fl_variable variable)
{
    const char *text = given ? given : secure_getenv(fl_variables[variable]);
    return text && *text ? text : NULL;
}

/* Appends to a list of valid names, and cuts the part that does not fit. */
static void append(char *list, size_t size, const char *name)
{
    size_t at = strlen(list);
    if (at && at + 2 < size)
        strcpy(list + at, ", "), at += 2;
    strncat(list, name, size - 1 - at);
}

static int unknown(bool from_config, const char *field, enum fl_variable variable,
                   const char *value, const char *valid)
{
    return fl_fail(EINVAL, "unknown %s '%s' (valid: %s)", source(from_config, field, variable),
                   value, valid);
}

/* The place of one row of a registry: a list of pointers, ended by NULL, to structures that start
 * with their name; the first is the default. */
static int row(unsigned *out, const void *const *rows, const char *given, const char *field,
               enum fl_variable variable)
{
    const char *name = word(given, variable);
    char valid[256] = "";
    for (unsigned i = 0; rows[i]; i++) {
        const char *const *row_name = rows[i];
        if (!name || !strcmp(name, *row_name)) {
            *out = i;
            return 0;
        }
        append(valid, sizeof valid, *row_name);
    }
    return unknown(given != NULL, field, variable, name, valid);
}

int fl_policy_find(const fl_policy **out, const char *name)
{
    unsigned found;
    int rc = row(&found, (const void *const *)fl_policies, name, "policy", FL_ENV_POLICY);
    if (!rc)
        *out = fl_policies[found];
    return rc;
}

static int resolve_queue(fl_settings *out, const char *given)
{
    unsigned at = 0;
    int rc = row(&at, (const void *const *)fl_queues, given, "queue", FL_ENV_QUEUE);
    out->queue = fl_queues[at];
    return rc;
}

/* Refuses a mode that the queue does not support. mode_from, queue_from: their sources. */
static int expect(bool has, const fl_settings *s, const char *mode_from, const fl_mode *mode,
                  const char *queue_from)
{
    if (has)
        return 0;
    return fl_fail(EINVAL, "%s=%s is impossible with %s=%s; choose %s=%s, or another %s", mode_from,
                   mode->name, queue_from, s->queue->name, queue_from, fl_queues[0]->name,
                   mode_from);
}

/* Needs the queue. */
static int resolve_modes(fl_settings *out, const filch_config *given)
{
    unsigned idle = 0, take = 0, wait = 0;
    int rc = row(&idle, (const void *const *)fl_idle_modes, given->idle, "idle", FL_ENV_IDLE);
    if (!rc)
        rc = row(&take, (const void *const *)fl_take_modes, given->take, "take", FL_ENV_TAKE);
    if (!rc)
        rc = row(&wait, (const void *const *)fl_wait_modes, given->wait, "wait", FL_ENV_WAIT);
    out->idle = (enum fl_idle_mode)idle;
    out->take = (enum fl_take_mode)take;
    out->wait = (enum fl_wait_mode)wait;
    const fl_queue *queue = out->queue;
    const char *queue_from = source(given->queue, "queue", FL_ENV_QUEUE);
    if (!rc)
        rc = expect(fl_queue_supports(queue, out->take), out,
                    source(given->take, "take", FL_ENV_TAKE), fl_take_modes[take], queue_from);
    if (!rc)
        rc = expect(wait == FL_WAIT_SUSPEND ||
                        (wait == FL_WAIT_HELP_OWN ? queue->gives : queue->nests),
                    out, source(given->wait, "wait", FL_ENV_WAIT), fl_wait_modes[wait], queue_from);
    return rc;
}

static int resolve_fence(fl_settings *out, const char *given)
{
    const char *name = word(given, FL_ENV_FENCE);
    out->full_fence = name && !strcmp(name, "full");
    if (!name || out->full_fence || !strcmp(name, "asymmetric"))
        return 0;
    return unknown(given != NULL, "fence", FL_ENV_FENCE, name, "asymmetric, full");
}

static int resolve_bind(fl_settings *out, const char *given)
{
    unsigned at = 0;
    int rc = row(&at, fl_binds, given, "bind", FL_ENV_BIND);
    out->bind = (enum fl_bind)at;
    return rc;
}

static int resolve_cores(fl_settings *out, const char *given)
{
    unsigned at = 0;
    int rc = row(&at, (const void *const *)fl_cores_modes, given, "cores", FL_ENV_CORES);
    out->cores = (enum fl_cores_mode)at;
    return rc;
}

static int resolve_deadlock(fl_settings *out)
{
    static const char *const names[] = {[FL_DEADLOCK_OFF] = "off",
                                        [FL_DEADLOCK_WARN] = "warn",
                                        [FL_DEADLOCK_REPORT] = "report",
                                        [FL_DEADLOCK_DIE] = "die"};
    const char *name = word(NULL, FL_ENV_DEADLOCK);
#ifdef FILCH_DEBUG
    out->deadlock = FL_DEADLOCK_DIE;
#else
    out->deadlock = FL_DEADLOCK_WARN;
#endif
    if (!name)
        return 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            out->deadlock = (enum fl_deadlock)i;
            return 0;
        }
    return unknown(false, NULL, FL_ENV_DEADLOCK, name, "die, report, warn, off");
}

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) & ~(page - 1);
}

/* "0" or "1". */
static int resolve_switch(bool *out, const char *given, const char *field,
                          enum fl_variable variable, bool usual)
{
    const char *name = word(given, variable);
    *out = name ? strcmp(name, "1") == 0 : usual;
    return !name || *out || strcmp(name, "0") == 0
               ? 0
               : unknown(given != NULL, field, variable, name, "0, 1");
}

static int resolve_numbers(fl_settings *out, const filch_config *given)
{
    enum {
#ifdef FILCH_TINY
        FIBERS = 3
#else
        FIBERS = 1000000
#endif
    };
    uint64_t workers = 0, slots = 0, stack = 0, fibers = 0, blocking = 0, share = 0;
    const struct {
        uint64_t *out, given;
        const char *field;
        enum fl_variable variable;
        uint64_t least, most, usual;
    } rows[] = {
        {&workers, given->workers, "workers", FL_ENV_WORKERS, 1, FL_MOST_WORKERS, 0},
        {&slots, given->max_workers, "max_workers", FL_ENV_MAX_WORKERS, 1, FL_MOST_WORKERS, 0},
        {&stack, given->stack_size, "stack_size", FL_ENV_STACK_SIZE, 16 << 10, 1 << 30, 256 << 10},
        {&fibers, given->max_fibers, "max_fibers", FL_ENV_MAX_FIBERS, 1, 1000000, FIBERS},
        {&blocking, given->blocking_threads, "blocking_threads", FL_ENV_BLOCKING_THREADS, 1, 10000,
         64},
        {&share, given->share, "share", FL_ENV_SHARE, 0, 2, 0},
        {&out->seed, given->seed, "seed", FL_ENV_SEED, 0, UINT64_MAX, 0},
    };
    int rc = 0;
    for (unsigned i = 0; !rc && i < sizeof rows / sizeof *rows; i++)
        rc = number(rows[i].out, rows[i].given, rows[i].field, rows[i].variable, rows[i].least,
                    rows[i].most, rows[i].usual);
    if (!out->seed)
        out->seed = word(NULL, FL_ENV_VIRTUAL) ? 1 : (uint64_t)fl_now();
    out->share = (unsigned)share;
    out->workers = (unsigned)workers;
    out->max_workers = (unsigned)slots;
    out->stack_size = whole_pages(stack);
    out->max_fibers = (unsigned)fibers;
    out->blocking_threads = (unsigned)blocking;
    return rc;
}

static int resolve_words(fl_settings *out, const filch_config *given)
{
    int rc = resolve_bind(out, given->bind);
    if (!rc)
        rc = resolve_cores(out, given->cores);
    if (!rc)
        rc = fl_policy_find(&out->policy, given->policy);
    if (!rc)
        rc = resolve_queue(out, given->queue);
    if (!rc)
        rc = resolve_modes(out, given);
    if (!rc)
        rc = resolve_fence(out, given->fence);
    if (!rc)
        rc = resolve_deadlock(out);
    if (!rc)
        rc = resolve_switch(&out->info, NULL, NULL, FL_ENV_INFO, false);
    if (!rc)
        rc = resolve_switch(&out->span, NULL, NULL, FL_ENV_SPAN, false);
    if (!rc)
        rc = resolve_switch(&out->guest, given->guest, "guest", FL_ENV_GUEST, true);
    out->guest = out->guest && !rc && out->queue->settle == fl_forkstack_settle;
    return rc;
}

/* As many workers as FILCH_VIRTUAL says even if the program asks for others, but for seats; and nothing that depends
 * on the machine. */
static int resolve_virtual(fl_settings *s, bool seats)
{
    fl_virtual_options options = {0};
    uint64_t workers = 0;
    int rc = number(&workers, 0, "", FL_ENV_VIRTUAL, 1, FL_VIRTUAL_MOST, 0);
    if (rc || !workers)
        return rc;
    if (!fl_virtual()) /* those of the first runtime count */
        rc = fl_virtual_options_read(&options, word(NULL, FL_ENV_EXPLORE));
    if (rc)
        return rc;
    if (s->share)
        return fl_fail(EINVAL,
                       "FILCH_SHARE=%u is impossible with FILCH_VIRTUAL, since filch top "
                       "has no seed; unset one of them",
                       s->share);
    options.workers = (unsigned)workers;
    options.seed = s->seed;
    options.is_team = seats;
    if (!seats)
        s->workers = options.workers;
    if (s->max_workers < s->workers)
        s->max_workers = s->workers;
    s->bind = FL_BIND_NONE;
    s->cores = FL_CORES_ALL;
    s->full_fence = true;
    s->guest = false;
    if (!word(NULL, FL_ENV_DEADLOCK))
        s->deadlock = FL_DEADLOCK_DIE;
    return fl_virtual_begin(&options);
}

static int resolve_trace(fl_settings *s, const char *given)
{
    const char *text = word(given, FL_ENV_TRACE);
    int rc = fl_trace_options_of(&s->trace, text);
    if (rc != -EINVAL || given)
        return rc;
    char why[256];
    snprintf(why, sizeof why, "%s", filch_error());
    return fl_fail(EINVAL, "FILCH_TRACE=%s: %s", text, why);
}

int fl_settings_resolve(fl_settings *out, const filch_config *config, bool seats)
{
    filch_config given;
    fl_settings s = {0};
    int rc = fl_variables_check();
    if (!rc)
        rc = fl_take_config(&given, config, sizeof given, "filch_config");
    if (!rc)
        rc = resolve_numbers(&s, &given);
    if (!rc)
        rc = resolve_words(&s, &given);
    if (!rc)
        rc = resolve_virtual(&s, seats);
    if (!rc)
        rc = resolve_trace(&s, given.trace);
    if (!rc)
        *out = s;
    return rc;
}

/* ---- The grammar of FILCH_TRACE ---- */

/* The grammar of filch_trace_start and FILCH_TRACE: a list of options, separated by commas. */

enum { LIMIT_LEAST = 1 << 20 };
#define LIMIT UINT64_C(1073741824) /* without an option */

static int no_memory(void)
{
    return fl_fail(ENOMEM, "no memory to begin a trace; free some");
}

/* Bytes, with K, M or G behind them or not. false: it is no such text. */
static bool read_size(const char *text, uint64_t *out)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno || end == text || *text == '-' || (*end && (!unit || end[1])) ||
        number > UINT64_MAX >> shift)
        return false;
    *out = (uint64_t)number << shift;
    return true;
}

static int read_trace_option(fl_trace_options *out, const char *one)
{
    static const char limit[] = "limit=", full[] = "full=";
    static const char *const levels[] = {[FL_TRACE_STEALS] = "steals", [FL_TRACE_TASKS] = "tasks"};
    for (unsigned i = 0; i < FL_TRACE_LEVELS; i++)
        if (strcmp(one, levels[i]) == 0) {
            out->level = (enum fl_trace_level)i;
            return 0;
        }
    if (strncmp(one, limit, strlen(limit)) == 0) {
        if (read_size(one + strlen(limit), &out->limit) && out->limit >= LIMIT_LEAST)
            return 0;
        return fl_fail(EINVAL, "trace limit '%s' is out of range (1M or more, such as 256M or 4G)",
                       one + strlen(limit));
    }
    if (strncmp(one, full, strlen(full)) == 0) {
        out->overwrites = strcmp(one + strlen(full), "overwrite") == 0;
        if (out->overwrites || strcmp(one + strlen(full), "stop") == 0)
            return 0;
    }
    return fl_fail(
        EINVAL,
        "unknown trace option '%s' (valid: steals, tasks, limit=SIZE, full=stop, full=overwrite)",
        one);
}

/* The file's name with the process in it; NULL: no memory. */
static char *expand(const char *file, size_t length)
{
    enum { DIGITS = 24 };
    const char *place = memmem(file, length, "%p", 2);
    int before = (int)(place ? (size_t)(place - file) : length);
    int after = place ? (int)length - before - 2 : 0;
    char process[DIGITS] = "", *out = malloc(length + DIGITS);
    if (place)
        snprintf(process, sizeof process, "%ld", (long)getpid());
    if (out)
        snprintf(out, length + DIGITS, "%.*s%s%.*s", before, file, process, after,
                 place ? place + 2 : "");
    return out;
}

static int read_all(fl_trace_options *out, const char *file, size_t length, const char *options)
{
    *out = (fl_trace_options){.limit = LIMIT};
    if (!length)
        return fl_fail(EINVAL, "a trace without a file; name one");
    out->file = expand(file, length);
    char *list = strdup(options ? options : ""), *rest = list && *list ? list : NULL;
    int rc = out->file && list ? 0 : no_memory();
    while (!rc && rest)
        rc = read_trace_option(out, strsep(&rest, ","));
    free(list);
    if (rc) {
        free(out->file);
        out->file = NULL;
    }
    return rc;
}

int fl_trace_options_read(fl_trace_options *out, const char *file, const char *options)
{
    return read_all(out, file, file ? strlen(file) : 0, options);
}

/* The files of the next runtimes of this process have a number behind their names. */
static int number_file(fl_trace_options *out)
{
    static filch_u32 given;
    uint32_t before = filch_u32_add(&given, 1, FILCH_RELAXED); /* a number */
    if (!before)
        return 0;
    size_t size = strlen(out->file) + sizeof ".4294967295";
    char *numbered = malloc(size);
    if (numbered)
        snprintf(numbered, size, "%s.%u", out->file, before + 1);
    free(out->file);
    out->file = numbered;
    return numbered ? 0 : no_memory();
}

int fl_trace_options_of(fl_trace_options *out, const char *given)
{
    *out = (fl_trace_options){0};
    if (!given)
        return 0;
    size_t length = strcspn(given, ",");
    int rc = read_all(out, given, length, given[length] ? given + length + 1 : NULL);
    return rc ? rc : number_file(out);
}

/* ---- The grammar of FILCH_EXPLORE ---- */

enum { DEPTH_MOST = 100, STEPS = 10000 /* that PCT expects without `steps` */ };
#define COUNT_MOST (UINT64_C(1) << 40)

static int unknown_option(const char *one)
{
    return fl_fail(EINVAL,
                   "unknown option '%s' of FILCH_EXPLORE (valid: depth=D, steps=N, limit=N, "
                   "replay=FILE, record=FILE)",
                   one);
}

static int read_number(uint64_t *out, const char *name, const char *text, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < 1 || value > most)
        return fl_fail(EINVAL, "FILCH_EXPLORE: %s '%s' is out of range (1 to %llu)", name, text,
                       (unsigned long long)most);
    *out = value;
    return 0;
}

static int read_virtual_option(fl_virtual_options *out, char *one)
{
    uint64_t depth = 0;
    const struct {
        const char *name;
        uint64_t *number;
        uint64_t most;
        const char **file;
    } options[] = {{"depth", &depth, DEPTH_MOST, NULL},
                   {"steps", &out->steps, COUNT_MOST, NULL},
                   {"limit", &out->limit, COUNT_MOST, NULL},
                   {"replay", NULL, 0, &out->replay},
                   {"record", NULL, 0, &out->record}};
    char *value = strchr(one, '=');
    if (!value)
        return unknown_option(one);
    *value++ = '\0';
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(one, options[i].name) != 0)
            continue;
        if (options[i].file) {
            *options[i].file = value;
            return *value ? 0 : fl_fail(EINVAL, "FILCH_EXPLORE: %s without a file; name one", one);
        }
        int rc = read_number(options[i].number, one, value, options[i].most);
        if (depth)
            out->depth = (unsigned)depth;
        return rc;
    }
    return unknown_option(one);
}

int fl_virtual_options_read(fl_virtual_options *out, const char *text)
{
    out->steps = STEPS;
    char *list = text && *text ? strdup(text) : NULL, *rest = list; /* the files' names lie in it */
    if (text && *text && !list)
        return fl_fail(ENOMEM, "no memory for FILCH_EXPLORE; free some");
    int rc = 0;
    while (!rc && rest)
        rc = read_virtual_option(out, strsep(&rest, ","));
    if (rc)
        free(list);
    return rc;
}
