/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command line of each model program. Without options: every model of it, searched as its row
 * says. Exit status: 0 all claims hold and everything was searched; 1 a claim broke; 2 usage; 3 the
 * search was cut short. */
#include <tests/model/checker/state.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct option options[] = {{"list", no_argument, NULL, 'l'},
                                        {"all", no_argument, NULL, 'a'},
                                        {"bound", required_argument, NULL, 'b'},
                                        {"random", required_argument, NULL, 'r'},
                                        {"seed", required_argument, NULL, 's'},
                                        {"replay", required_argument, NULL, 'p'},
                                        {"newest", no_argument, NULL, 'n'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"reached", no_argument, NULL, 'd'},
                                        {"seconds", required_argument, NULL, 't'},
                                        {"permuted", no_argument, NULL, 'm'},
                                        {"help", no_argument, NULL, 'h'},
                                        {NULL, 0, NULL, 0}};

static const char help[] =
    "usage: %s [options] [model ...]\n"
    "  --list        names the models\n"
    "  --all         searches all executions\n"
    "  --bound N     those in which at most N reads wait for a store that is yet to come\n"
    "  --random N    N random ones; --seed S chooses them\n"
    "  --seconds S   ends the search after that time, with status 3\n"
    "  --newest      no weak memory: loads return the newest value; outcome sets are not checked\n"
    "  --permuted    alike threads are permuted: without symmetry reduction\n"
    "  --replay C    one execution, by the choices that a failure printed\n"
    "  --quiet       no trace\n"
    "  --reached     names the results that the executions of each search reached\n"
    "FILCH_MODEL_SECONDS=S samples: each search gets S seconds; one that they cut short gets S "
    "more at random.\n";

enum { REACHED = 64 };
static const char *reached[REACHED]; /* by the executions of one search, each once */
static unsigned reached_count;

typedef struct request {
    mc_search search;
    bool as_the_row_says, tells_reached;
    double sample; /* seconds of FILCH_MODEL_SECONDS; 0: search everything */
    const char *program;
} request;

static mc_search search_of(const request *asked, const mc_model *model)
{
    mc_search search = asked->search;
    search.permuted |= !model->alike;
    if (!asked->as_the_row_says)
        return search;
    search.how = model->random ? MC_RANDOM : model->bound ? MC_BOUND : MC_ALL;
    search.bound = model->bound;
    search.executions = model->random;
    return search;
}

static void describe(const mc_search *search, char text[64])
{
    if (search->replay)
        snprintf(text, 64, "replay");
    else if (search->how == MC_RANDOM)
        snprintf(text, 64, "%" PRIu64 " random, seed %" PRIu64, search->executions, search->seed);
    else if (search->how == MC_BOUND)
        snprintf(text, 64, "bound %u", search->bound);
    else
        snprintf(text, 64, "all");
}

static void tell_failure(const request *asked, const mc_model *model, const mc_result *result)
{
    printf("\n%s: BROKEN: %s\n", model->name, result->failure);
    if (result->choices)
        printf("again: %s%s %s --replay %s\n", asked->program, mc.newest ? " --newest" : "",
               model->name, result->choices);
}

static bool is_word_of(const char *word, const char *words)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static bool all_among(const char *outcomes, const char *words)
{
    char word[64];
    int length;
    for (const char *at = outcomes; sscanf(at, "%63s%n", word, &length) == 1; at += length)
        if (!is_word_of(word, words))
            return false;
    return true;
}

/* The outcomes have to be the whole set, or, in a random search, some of it. */
static bool outcomes_wrong(const mc_model *model, const mc_search *search, const mc_result *result)
{
    if (!model->outcomes || mc.newest || !result->exhausted)
        return false;
    if (search->how == MC_RANDOM ? all_among(mc_outcomes(), model->outcomes)
                                 : strcmp(mc_outcomes(), model->outcomes) == 0)
        return false;
    printf("\n%s: BROKEN: outcomes are {%s}, not {%s}\n", model->name, mc_outcomes(),
           model->outcomes);
    return true;
}

/* The reduced search stands for as many executions as there are. */
static bool number_wrong(const mc_model *model, const mc_search *search, const mc_result *result)
{
    uint64_t number = search->permuted ? result->executions : result->stands_for;
    if (!model->executions || search->how != MC_ALL || search->replay || mc.newest ||
        !result->exhausted || number == model->executions)
        return false;
    printf("\n%s: BROKEN: stands for %" PRIu64 " executions, not %u\n", model->name, number,
           model->executions);
    return true;
}

static bool is_reached(const char *what)
{
    for (unsigned i = 0; i < reached_count; i++)
        if (reached[i] == what || strcmp(reached[i], what) == 0)
            return true;
    return false;
}

void mc_reached(const char *what)
{
    if (mc.trying || is_reached(what))
        return;
    if (reached_count == REACHED)
        mc_fail("the checker's limit: too many places reached (REACHED in main.c)");
    else
        reached[reached_count++] = what;
}

/* Less than the row asks for? */
static bool is_part(const mc_model *model, const mc_search *search)
{
    if (search->how == MC_RANDOM)
        return !model->random || search->executions < model->random;
    return search->how == MC_BOUND && !model->random &&
           (!model->bound || search->bound < model->bound);
}

static bool is_whole(const mc_model *model, const mc_search *search, const mc_result *result)
{
    return !search->replay && !mc.newest && !is_part(model, search) && result->exhausted;
}

/* Returns a place that the row names and no execution came to, or NULL. */
static const char *missed(const mc_model *model)
{
    for (const char *const *what = model->reaches; *what; what++)
        if (!is_reached(*what))
            return *what;
    return NULL;
}

/* A whole search has to come to each place that the row names, and a row without exact outcomes names some. A part
 * of it need not. */
static bool unreached(const mc_model *model, const mc_search *search, const mc_result *result)
{
    if (!is_whole(model, search, result))
        return false;
    if (!model->outcomes && !*model->reaches) {
        printf("\n%s: BROKEN: it demands nothing (give it .outcomes or .reaches)\n", model->name);
        return true;
    }
    const char *what = missed(model);
    if (what)
        printf("\n%s: BROKEN: no execution reached '%s'\n", model->name, what);
    return what != NULL;
}

/* A random search that has missed a place goes on with another seed, LONGER times as long. */
static mc_result explore(const mc_model *model, mc_search *search)
{
    enum { LONGER = 10 };
    reached_count = 0;
    mc_result result = mc_explore(model, search);
    if (search->how != MC_RANDOM || result.failure || !is_whole(model, search, &result) ||
        !missed(model))
        return result;
    search->seed++;
    search->executions *= LONGER;
    free(result.choices);
    return mc_explore(model, search);
}

static int tell_unfit(const mc_model *model, mc_result *result)
{
    free(result->choices);
    fflush(stdout);
    fprintf(stderr,
            "%s: the replay does not fit: it comes from another model, from another build, or from "
            "a search with --newest; give all of its `again:` line\n",
            model->name);
    return 2;
}

static int run_search(const request *asked, const mc_model *model, mc_search search)
{
    char how[64];
    mc_result result = explore(model, &search);
    describe(&search, how);
    if (result.failure == mc_unfit)
        return tell_unfit(model, &result);
    double rate =
        result.seconds > 0 ? (double)(result.executions + result.pruned) / result.seconds : 0;
    bool broken = result.failure || outcomes_wrong(model, &search, &result) ||
                  number_wrong(model, &search, &result) || unreached(model, &search, &result);
    if (result.failure)
        tell_failure(asked, model, &result);
    printf("%-28s %-24s %10" PRIu64 " executions, %10" PRIu64
           " pruned, %7.1f s, %7.0f /s  %s%s%s\n",
           model->name, how, result.executions, result.pruned, result.seconds, rate,
           broken                                       ? "BROKEN"
           : search.replay                              ? "replayed"
           : !result.exhausted                          ? asked->sample ? "sampled" : "cut short"
           : search.how == MC_RANDOM && model->outcomes ? "some of: "
           : model->outcomes                            ? "exact: "
                                                        : "ok",
           !broken && result.exhausted && model->outcomes ? mc_outcomes() : "",
           mc.newest ? " (newest values only)" : "");
    if (!search.permuted && search.how == MC_ALL && result.exhausted && !broken)
        printf("    stands for %" PRIu64 " executions\n", result.stands_for);
    for (unsigned i = 0; asked->tells_reached && i < reached_count; i++)
        printf("    reached: %s\n", reached[i]);
    free(result.choices);
    fflush(stdout);
    return broken ? 1 : result.exhausted || search.replay ? 0 : 3;
}

/* A sample of a depth-first search explores one corner of it, so as much time goes to random executions. */
static int run(const request *asked, const mc_model *model)
{
    mc_search search = search_of(asked, model);
    if (asked->sample > 0)
        search.seconds = asked->sample;
    int status = run_search(asked, model, search);
    if (status == 3 && asked->sample > 0 && search.how != MC_RANDOM) {
        search.how = MC_RANDOM;
        search.executions = UINT64_MAX;
        status = run_search(asked, model, search);
    }
    return status == 3 && asked->sample > 0 ? 0 : status;
}

static const mc_model *find(const char *name)
{
    for (const mc_model *model = mc_models; model->name; model++)
        if (strcmp(model->name, name) == 0)
            return model;
    return NULL;
}

static int run_all(const request *asked)
{
    int worst = 0;
    for (const mc_model *model = mc_models; model->name; model++) {
        int status = run(asked, model);
        worst = status == 1 || worst == 0 ? status : worst;
    }
    return worst;
}

static int run_named(const request *asked, char **names)
{
    int worst = 0;
    for (char **name = names; *name; name++)
        if (!find(*name)) {
            fprintf(stderr, "no model is called %s; --list names them\n", *name);
            return 2;
        }
    for (; *names; names++) {
        int status = run(asked, find(*names));
        worst = status == 1 || worst == 0 ? status : worst;
    }
    return worst;
}

static int list(void)
{
    for (const mc_model *model = mc_models; model->name; model++)
        printf("%-28s %s\n", model->name, model->what);
    return 0;
}

static uint64_t fresh_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_nsec;
}

static void demand(bool number, const char *text)
{
    if (!number || *text == '-') {
        fprintf(stderr, "not a number, or out of range: %s\n", text);
        exit(2);
    }
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 0);
    demand(end > text && !*end && !errno && value >= least && value <= most, text);
    return value;
}

static double seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    demand(end > text && !*end, text);
    return value;
}

int main(int argc, char **argv)
{
    const char *seed = getenv("FILCH_SEED"), *sample = getenv("FILCH_MODEL_SECONDS");
    request asked = {.as_the_row_says = true, .program = argv[0]};
    asked.sample = sample && *sample ? seconds(sample) : 0;
    asked.search.seed = seed && *seed ? number(seed, 0, UINT64_MAX) : fresh_seed();
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;)
        switch (option) {
        case 'l':
            return list();
        case 'a':
            asked.search.how = MC_ALL, asked.as_the_row_says = false;
            break;
        case 'b':
            asked.search.how = MC_BOUND, asked.as_the_row_says = false;
            asked.search.bound = (unsigned)number(optarg, 0, 1000);
            break;
        case 'r':
            asked.search.how = MC_RANDOM, asked.as_the_row_says = false;
            asked.search.executions = number(optarg, 1, UINT64_MAX);
            break;
        case 's':
            asked.search.seed = number(optarg, 0, UINT64_MAX);
            break;
        case 'p':
            asked.search.replay = optarg;
            break;
        case 't':
            asked.search.seconds = seconds(optarg);
            break;
        case 'n':
            mc.newest = true;
            break;
        case 'm':
            asked.search.permuted = true;
            break;
        case 'd':
            asked.tells_reached = true;
            break;
        case 'q':
            mc.quiet = true;
            break;
        default:
            fprintf(option == 'h' ? stdout : stderr, help, argv[0]);
            return option == 'h' ? 0 : 2;
        }
    if (asked.search.replay && optind + 1 != argc) {
        fprintf(stderr, "--replay is for one model; name it\n");
        return 2;
    }
    return optind < argc ? run_named(&asked, argv + optind) : run_all(&asked);
}
