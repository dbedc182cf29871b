/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The program filch-jobs: finds the command in its tables, reads its options, and runs it. */
#include "command.h"

#include <string.h>
#include <tools/shared/names.h>

static const jobs_command *const groups[] = {jobs_enqueue_commands, jobs_look_commands,
                                             jobs_result_commands,  jobs_change_commands,
                                             jobs_dead_commands,    jobs_load_commands,
                                             jobs_plan_commands};
enum { GROUPS = sizeof groups / sizeof *groups };

static const char statuses[] =
    "Exit status: 0 done; 1 the broker refused, is away, or has no such job; 2 a wrong command "
    "line or input; 3 the broker has no such feature.\n";

/* ---- Help ---- */

static const char *first_word = ""; /* of the commands that the help lists; "": all */

static bool begins(const jobs_command *c, const char *word)
{
    const size_t size = strlen(word);
    return strncmp(c->name, word, size) == 0 && (!size || c->name[size] == ' ');
}

static void write_commands(FILE *out)
{
    for (int g = 0; g < GROUPS; g++)
        for (const jobs_command *c = groups[g]; c->name; c++)
            if (begins(c, first_word))
                fprintf(out, "  %-14s %s\n", c->name, c->line);
    fputs("\n  filch-jobs COMMAND --help   options and examples\n\n", out);
}

static const command all = {
    .name = "filch-jobs COMMAND",
    .arguments = "[ARGUMENT...]",
    .about = "Jobs in the queues of a broker: puts them there, shows them, and removes them.",
    .ending = statuses,
    .options = jobs_rows,
    .write_tables = write_commands,
};

/* title: "filch-jobs list". */
static command describe(const jobs_command *c, char *title, size_t size)
{
    snprintf(title, size, "filch-jobs %s", c->name);
    return (command){.name = title,
                     .arguments = *c->usage ? c->usage : NULL,
                     .about = c->help,
                     .ending = statuses,
                     .options = jobs_rows,
                     .takes = c->takes,
                     .least = c->least,
                     .most = c->most};
}

/* ---- Finding the command ---- */

static bool is_one_of(const char *name, const char *one, const char *other)
{
    return strcmp(name, one) == 0 || strcmp(name, other) == 0;
}

/* A name of two words, "dead list", has both in argv. *words receives their number. */
static const jobs_command *find(int argc, char **argv, int *words)
{
    for (int g = 0; g < GROUPS; g++)
        for (const jobs_command *c = groups[g]; c->name; c++) {
            size_t first = strcspn(c->name, " ");
            const char *second = c->name[first] ? c->name + first + 1 : NULL;
            *words = second ? 2 : 1;
            if (argc >= *words && strlen(argv[0]) == first &&
                strncmp(argv[0], c->name, first) == 0 && (!second || strcmp(argv[1], second) == 0))
                return c;
        }
    return NULL;
}

static bool is_word(const char *word, const char *text, size_t size)
{
    return strlen(word) == size && memcmp(word, text, size) == 0;
}

/* Lists all commands, and separately the commands of two words that contain this word. */
static void list_commands(const char *word, names_list *all_names, names_list *with_word)
{
    for (int g = 0; g < GROUPS; g++)
        for (const jobs_command *c = groups[g]; c->name; c++) {
            const size_t first = strcspn(c->name, " ");
            const char *second = c->name[first] ? c->name + first + 1 : NULL;
            names_add(all_names, c->name);
            if (second && (is_word(word, c->name, first) || strcmp(word, second) == 0))
                names_add(with_word, c->name);
        }
}

static int refuse_part(const char *first, const names_list *whole)
{
    char list[NAMES_ALLOWED];
    names_join(list, sizeof list, whole->at);
    fprintf(stderr, "filch-jobs: command '%s' is incomplete (valid: %s); see filch-jobs --help\n",
            first, list);
    return JOBS_USAGE;
}

/* "dead" and "requeue" are parts of command names; "deda list" is close to a command name. */
static int refuse(int argc, char **argv)
{
    const char *first = argc ? argv[0] : "", *second = argc > 1 && *argv[1] != '-' ? argv[1] : "";
    names_list all_names = {.count = 0}, with_word = {.count = 0};
    char both[40];
    snprintf(both, sizeof both, "%s %s", first, second);
    list_commands(first, &all_names, &with_word);
    const bool begins = with_word.count && strncmp(with_word.at[0], first, strlen(first)) == 0;
    if (with_word.count && !(begins && *second))
        return refuse_part(first, &with_word);
    if (with_word.count)
        names_refuse("filch-jobs", "command", both, with_word.at);
    else if (*second && !names_nearest(first, all_names.at) && names_nearest(both, all_names.at))
        names_refuse("filch-jobs", "command", both, all_names.at);
    else
        names_refuse("filch-jobs", "command", first, all_names.at);
    return JOBS_USAGE;
}

/* argv[0] is the last word of the command's name. */
static int run(const jobs_command *c, int argc, char **argv)
{
    static jobs_options o;
    char title[40];
    const command line = describe(c, title, sizeof title);
    jobs_options_read(&o, &line, argc, argv);
    return c->run(&o);
}

/* The commands that begin with this word, as in "filch-jobs dead --help"; false: none does. */
static bool help_group(const char *word)
{
    bool any = false;
    char title[40];
    command group = all;
    for (int g = 0; g < GROUPS; g++)
        for (const jobs_command *c = groups[g]; c->name && *word; c++)
            any = any || begins(c, word);
    first_word = any ? word : "";
    snprintf(title, sizeof title, "filch-jobs %.16s COMMAND", word);
    group.name = title;
    if (any)
        command_help(&group, stdout);
    return any;
}

static int help(const jobs_command *c)
{
    char title[40];
    const command line = describe(c, title, sizeof title);
    command_help(&line, stdout);
    return JOBS_OK;
}

static int find_and_run(int argc, char **argv)
{
    int words;
    const char *name = argc > 1 ? argv[1] : "";
    const jobs_command *c = argc > 1 ? find(argc - 1, argv + 1, &words) : NULL;
    if (c)
        return run(c, argc - words, argv + words);
    if (is_one_of(name, "--version", "-V")) {
        puts(command_version);
        return JOBS_OK;
    }
    if (strncmp(name, "--help=", 7) == 0)
        command_read(&all, NULL, 2, argv); /* ends the process */
    if (argc == 3 && is_one_of(argv[2], "--help", "-h") && help_group(name))
        return JOBS_OK;
    if (!is_one_of(name, "--help", "-h") && strcmp(name, "help") != 0)
        return refuse(argc - 1, argv + 1);
    c = argc > 2 ? find(argc - 2, argv + 2, &words) : NULL;
    if (c)
        return help(c);
    if (argc == 3 && help_group(argv[2]))
        return JOBS_OK;
    if (argc > 2)
        return refuse(argc - 2, argv + 2);
    command_help(&all, stdout);
    return JOBS_OK;
}

int main(int argc, char **argv)
{
    command_version = "filch-jobs " FILCH_JOBS_VERSION;
    command_check_output("filch-jobs", JOBS_REFUSED);
    return find_and_run(argc, argv);
}
