/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <tests/fuzz/program.h>

/* ---- Configurations ---- */

enum field { WORKERS, STACK_SIZE, MAX_FIBERS, SEED, BIND, POLICY, QUEUE, FENCE, FIELDS };
enum { OPTIONS = 12 };

/* The numbers come before BIND. A number in the configuration is `value` (0: not given), a word is
 * `text`; in the environment both are `text`. */
struct option {
    const char *text;
    bool good;
    uint64_t value;
};

static const struct {
    const char *variable;
    struct option option[OPTIONS]; /* ended by text NULL */
} field[FIELDS] = {
    [WORKERS] = {"FILCH_WORKERS",
                 {{"1", true, 1},
                  {"2", true, 2},
                  {"0x3", true, 3},
                  {"8", true, 8},
                  {"", true, 0},
                  {"0", false, 0},
                  {"1025", false, 1025},
                  {"4294967295", false, UINT32_MAX},
                  {"-1", false, 0},
                  {" -1", false, 0},
                  {"two", false, 0}}},
    [STACK_SIZE] = {"FILCH_STACK_SIZE",
                    {{"16384", true, 16384},
                     {"0x10001", true, 0x10001},
                     {"262144", true, 262144},
                     {"1000000", true, 1000000},
                     {"16777216", true, 16777216},
                     {"", true, 0},
                     {"16383", false, 16383},
                     {"1073741825", false, 1073741825},
                     {"18446744073709551615", false, UINT64_MAX},
                     {"1M", false, 0}}},
    [MAX_FIBERS] = {"FILCH_MAX_FIBERS",
                    {{"1", true, 1},
                     {"2", true, 2},
                     {"20", true, 20},
                     {"1000000", true, 1000000},
                     {"", true, 0},
                     {"0", false, 0},
                     {"1000001", false, 1000001},
                     {"4294967295", false, UINT32_MAX}}},
    [SEED] = {"FILCH_SEED",
              {{"1", true, 1},
               {"18446744073709551615", true, UINT64_MAX},
               {"0", true, 0},
               {"", true, 0},
               {"18446744073709551616", false, 0},
               {" -7", false, 0},
               {"0xg", false, 0}}},
    [BIND] = {"FILCH_BIND",
              {{"core", true, 0},
               {"pu", true, 0},
               {"none", true, 0},
               {"", true, 0},
               {"cor", false, 0},
               {"None", false, 0}}},
    [POLICY] = {"FILCH_POLICY",
                {{"random", true, 0}, {"", true, 0}, {"random ", false, 0}, {"%s%n", false, 0}}},
    [QUEUE] = {"FILCH_QUEUE",
               {{"chase-lev", true, 0},
                {"central-mutex", true, 0},
                {"central-mutex", true, 0},
                {"", true, 0},
                {"chase", false, 0}}},
    [FENCE] = {"FILCH_FENCE",
               {{"full", true, 0},
                {"asymmetric", true, 0},
                {"", true, 0},
                {"fuller", false, 0},
                {"none", false, 0}}},
};

static const struct option *any_option(struct bytes *in, enum field f)
{
    unsigned count = 0;
    while (count < OPTIONS && field[f].option[count].text)
        count++;
    return &field[f].option[below(in, count)];
}

void program_forget_environment(void)
{
    for (unsigned f = 0; f < FIELDS; f++)
        unsetenv(field[f].variable);
}

/* The predicted state of a runtime that exists at this point of the program. */
struct live {
    bool exists, fibers_enough;
    unsigned workers; /* 0: as many as the machine says */
    unsigned deepest; /* scripts that its C stacks have room for */
};

struct decoder {
    struct program *p;
    struct bytes *in;
    bool checked;
    const struct option *environment[FIELDS]; /* NULL: not set */
    struct live live[RUNTIMES];
};

/* A script in the making. */
struct frame {
    unsigned runtime;
    unsigned room; /* how many more may lie below it on this stack */
    bool root;     /* run by the runtime itself, at the bottom of a fiber */
    bool waits;    /* the main thread waits for it, so that no runtime comes or goes meanwhile */
    uint32_t last; /* its last step so far */
    unsigned unjoined;
    struct {
        enum kind kind;
        uint64_t result;
    } fork[UNJOINED];
    uint64_t result, tasks;
    bool over;
};

static void put_number(filch_config *config, enum field f, uint64_t value)
{
    if (f == WORKERS)
        config->workers = (unsigned)value;
    else if (f == STACK_SIZE)
        config->stack_size = value;
    else if (f == MAX_FIBERS)
        config->max_fibers = (unsigned)value;
    else
        config->seed = value;
}

static void put_word(filch_config *config, enum field f, const char *word)
{
    *(f == BIND     ? &config->bind
      : f == POLICY ? &config->policy
      : f == QUEUE  ? &config->queue
                    : &config->fence) = word;
}

/* The last two would cut a field in two. */
static const struct {
    size_t size;
    bool good;
} sizes[] = {{0, true},
             {sizeof(filch_config), true},
             {sizeof(filch_config) + 8, false},
             {SIZE_MAX, false},
             {offsetof(filch_config, bind) + 4, false},
             {sizeof(filch_config) - 1, false}};

static void decode_create(struct decoder *d, struct action *a)
{
    const struct option *chosen[FIELDS];
    unsigned given = byte(d->in); /* one bit per field */
    a->configured = byte(d->in) % 8 != 1;
    bool good = true;
    if (a->configured) {
        unsigned size = below(d->in, 4) ? 0 : below(d->in, sizeof sizes / sizeof sizes[0]);
        a->config.size = sizes[size].size;
        good = sizes[size].good;
    }
    for (enum field f = 0; f < FIELDS; f++) {
        const struct option *option =
            a->configured && given & 1u << f ? any_option(d->in, f) : NULL;
        if (option && f < BIND)
            put_number(&a->config, f, option->value);
        else if (option)
            put_word(&a->config, f, option->text);
        bool wins = option && (f >= BIND || option->value);
        chosen[f] = wins ? option : d->environment[f];
        good = good && (!chosen[f] || chosen[f]->good);
    }
    a->expected = good ? 0 : -EINVAL;
    if (!good)
        return;
    uint64_t fibers = chosen[MAX_FIBERS] ? chosen[MAX_FIBERS]->value : 0;
    uint64_t stack = chosen[STACK_SIZE] ? chosen[STACK_SIZE]->value : 0;
    d->live[a->runtime] = (struct live){
        .exists = true,
#ifdef FILCH_TINY
        .fibers_enough = fibers > 1000,
#else
        .fibers_enough = !fibers || fibers > 1000,
#endif
        .workers = chosen[WORKERS] ? (unsigned)chosen[WORKERS]->value : 0,
        .deepest = !stack || stack > 200000 ? DEEPEST : 1,
    };
}

/* ---- Scripts ---- */

uint64_t program_mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static const struct {
    bool noticed, noticed_at_root; /* in every build */
    int unjoined;                  /* 1: some forks, 0: none, -1: no matter */
} misuse[STEP_OPS] = {
    [STEP_LEAVE] = {false, true, 1},       [STEP_JOIN_NOTHING] = {false, true, 0},
    [STEP_JOIN_WRONG] = {false, false, 1}, [STEP_FORK_TOO_MANY] = {true, true, -1},
    [STEP_RUN_OR_DIE] = {true, true, -1},
};

static bool may_misuse(const struct decoder *d, const struct frame *f, enum step_op op)
{
    if (d->p->misuse || (misuse[op].unjoined >= 0 && misuse[op].unjoined != (f->unjoined > 0)))
        return false;
    return d->checked || misuse[op].noticed || (f->root && misuse[op].noticed_at_root);
}

static bool allowed(const struct decoder *d, const struct frame *f, const struct step *s)
{
    const struct live *own = &d->live[f->runtime], *other = &d->live[s->runtime];
    switch (s->op) {
    case STEP_FORK:
    case STEP_FORK_AGAIN:
        return f->unjoined < UNJOINED && f->room > 0;
    case STEP_CALL:
        return f->room > 0;
    case STEP_JOIN:
        return f->unjoined > 0;
    case STEP_RUN_OTHER:
        return f->waits && s->runtime != f->runtime && other->exists && own->fibers_enough &&
               other->fibers_enough && other->deepest > 1 && f->room > 1;
    default:
        return s->op < FIRST_MISUSE || may_misuse(d, f, s->op);
    }
}

static void decode_script(struct decoder *d, struct frame *f);

/* The script of a fork, a call, or a task of its own; returns its first step, f->result its
 * value. */
static uint32_t child(struct decoder *d, struct frame *parent, struct frame *f)
{
    struct program *p = d->p;
    if (p->steps == STEPS) {
        *f = (struct frame){.result = 1, .tasks = 1};
        parent->tasks++;
        return 0;
    }
    f->last = p->steps++;
    uint32_t first = f->last;
    decode_script(d, f);
    parent->tasks += f->tasks;
    return first;
}

static void join(struct frame *f)
{
    f->result = program_mix(f->result, f->fork[--f->unjoined].result);
}

/* Effect of the step on the frame. */
static void decode_step(struct decoder *d, struct frame *f, struct step *s)
{
    struct frame below_it = {.runtime = f->runtime, .room = f->room - 1, .waits = f->waits};
    switch (s->op) {
    case STEP_FORK:
    case STEP_FORK_AGAIN:
        s->op = STEP_FORK;
        s->script = child(d, f, &below_it);
        f->fork[f->unjoined].kind = s->kind;
        f->fork[f->unjoined++].result = below_it.result;
        break;
    case STEP_JOIN:
        join(f);
        break;
    case STEP_RUN_OTHER:
        below_it.runtime = s->runtime;
        below_it.root = true;
        /* fall through */
    case STEP_CALL:
        s->script = child(d, f, &below_it);
        f->result = program_mix(f->result, below_it.result);
        break;
    case STEP_GO:
        below_it.room = d->live[f->runtime].deepest;
        below_it.root = true;
        below_it.waits = false;
        s->script = child(d, f, &below_it);
        break;
    default:
        if (s->op >= FIRST_MISUSE) {
            d->p->misuse = s->op;
            f->over = true;
        }
    }
}

static void decode_script(struct decoder *d, struct frame *f)
{
    struct program *p = d->p;
    f->result = 1;
    f->tasks = 1;
    while (!f->over && p->steps < STEPS) {
        struct step s = {.op = below(d->in, STEP_OPS), .runtime = f->runtime};
        if (s.op == STEP_END)
            break;
        if (s.op == STEP_FORK || s.op == STEP_FORK_AGAIN || s.op == STEP_CALL)
            s.kind = below(d->in, KINDS);
        if (s.op == STEP_RUN_OTHER)
            s.runtime = below(d->in, RUNTIMES);
        if (!allowed(d, f, &s))
            continue;
        uint32_t at = f->last;
        f->last = p->steps++; /* the END that may come here */
        decode_step(d, f, &s);
        s.next = f->last;
        p->step[at] = s;
    }
    while (f->unjoined)
        join(f);
}

static void decode_root(struct decoder *d, struct action *a)
{
    struct frame root = {.runtime = a->runtime,
                         .room = d->live[a->runtime].deepest,
                         .root = true,
                         .waits = a->op == DO_RUN};
    struct frame nobody = {.tasks = 0};
    a->script = child(d, &nobody, &root);
    a->result = root.result;
    a->tasks = root.tasks;
    d->p->tasks += root.tasks;
}

static void decode_environment(struct decoder *d, struct action *a)
{
    enum field f = below(d->in, FIELDS);
    d->environment[f] = below(d->in, 4) ? any_option(d->in, f) : NULL;
    a->variable = field[f].variable;
    a->value = d->environment[f] ? d->environment[f]->text : NULL;
}

/* false: it has no place here. */
static bool decode_action(struct decoder *d, struct action *a)
{
    struct live *live = &d->live[a->runtime];
    if (a->op == DO_ENVIRONMENT) {
        decode_environment(d, a);
        return true;
    }
    if (live->exists == (a->op == DO_CREATE) && a->op != DO_DESTROY)
        return false; /* a runtime that is not there may be destroyed: NULL */
    if (a->op == DO_CREATE)
        decode_create(d, a);
    else if (a->op == DO_DESTROY)
        live->exists = false;
    else if (a->op == DO_QUERY)
        a->size = byte(d->in) * 4u, a->expected = (int)live->workers;
    else if (a->op == DO_RUN || a->op == DO_GO)
        decode_root(d, a);
    return true;
}

void program_decode(struct program *p, struct bytes *in, bool checked)
{
    memset(p, 0, sizeof *p);
    p->steps = 1;
    struct decoder d = {.p = p, .in = in, .checked = checked};
    while (in->at < in->end && p->actions < ACTIONS && !p->misuse) {
        unsigned what = byte(in);
        struct action a = {.op = what % ACTION_OPS, .runtime = what / ACTION_OPS % RUNTIMES};
        if (decode_action(&d, &a))
            p->action[p->actions++] = a;
    }
}
