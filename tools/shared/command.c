/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "command.h"

#include "spell.h"
#include "terminal.h"

#include <assert.h>
#include <getopt.h>
#include <limits.h>
#include <runtime/platform/reader_left.h>
#include <runtime/platform/text/duration.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRONG = 2, MOST = 64, FIRST = 256, COLUMN = 27, USUAL_WIDTH = 80, WIDEST = 100 };

const char *command_version;

/* ---- Refusals ---- */

void command_refuse(const command *c, const char *format, ...)
{
    va_list list;
    fprintf(stderr, "%s: ", c->name);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "; see %s --help\n", c->name);
    exit(WRONG);
}

static int place_of(const char *name, const char *const *list)
{
    int at = 0;
    while (list[at] && strcmp(list[at], name) != 0)
        at++;
    return list[at] ? at : -1;
}

int command_choose(const command *c, const char *what, const char *name, const char *const *list)
{
    char allowed[NAMES_ALLOWED];
    const int at = place_of(name, list);
    if (at < 0)
        command_refuse(c, "unknown %s '%s' (%s)", what, name, names_allowed(allowed, name, list));
    return at;
}

unsigned long command_whole(const command *c, const char *what, const char *text,
                            unsigned long least, unsigned long most)
{
    unsigned long number;
    if (!spell_count(text, least, most, &number))
        command_refuse(c, "%s: '%s' is not a number in range (%lu..%lu)", what, text, least, most);
    return number;
}

static int unwritten; /* the status */

/* A command that fails has said so. */
static void check_output(int status, void *program)
{
    if (status || (fflush(stdout) == 0 && !ferror(stdout)))
        return;
    if (!fl_reader_left())
        fprintf(stderr, "%s: the text cannot be written; is the disk full?\n",
                (const char *)program);
    _exit(unwritten);
}

void command_check_output(const char *program, int status)
{
    static char name[32];
    unwritten = status;
    snprintf(name, sizeof name, "%s", program);
    on_exit(check_output, name);
}

/* ---- Readers ---- */

static void *place(const command_option *row, void *options)
{
    return (char *)options + row->at;
}

static const char *title(const command_option *row, char text[40])
{
    snprintf(text, 40, "--%s", row->name);
    return text;
}

void command_values(const char *const *choices, command_registry *registry, names_list *out)
{
    for (; choices && *choices; choices++)
        names_add(out, *choices);
    if (registry)
        registry(out);
}

int command_pick(const command *c, const command_option *row, const char *text)
{
    char name[40];
    names_list list = {.count = 0};
    command_values(row->choices, row->registry, &list);
    return command_choose(c, title(row, name), text, list.at);
}

void command_flag(const command *c, const command_option *row, void *options, const char *text)
{
    (void)c;
    (void)text;
    *(bool *)place(row, options) = true;
}

static void store(const command_option *row, void *options, unsigned long number)
{
    if (row->size == sizeof(uint32_t))
        *(uint32_t *)place(row, options) = (uint32_t)number;
    else
        *(unsigned long *)place(row, options) = number;
}

void command_set(const command *c, const command_option *row, void *options, const char *text)
{
    (void)c;
    (void)text;
    store(row, options, (unsigned long)row->least);
}

void command_count(const command *c, const command_option *row, void *options, const char *text)
{
    char name[40];
    const unsigned long holds = row->size == sizeof(uint32_t) ? UINT32_MAX : ULONG_MAX;
    store(row, options,
          command_whole(c, title(row, name), text, (unsigned long)row->least,
                        row->most > 0 ? (unsigned long)row->most : holds));
}

void command_number(const command *c, const command_option *row, void *options, const char *text)
{
    if (!spell_number(text, row->least, row->most, place(row, options)))
        command_refuse(c, "--%s: '%s' is not a number in range (%.15g..%.15g)", row->name, text,
                       row->least, row->most);
}

void command_duration(const command *c, const command_option *row, void *options, const char *text)
{
    int64_t ns;
    char least[32], most[32];
    if (!fl_duration_read(text, (int64_t)row->least, (int64_t)row->most, &ns))
        command_refuse(c, "--%s: '%s' is not a duration in range (%s..%s; " FL_DURATION_UNITS ")",
                       row->name, text, fl_duration_write((int64_t)row->least, least, sizeof least),
                       fl_duration_write((int64_t)row->most, most, sizeof most));
    *(int64_t *)place(row, options) = ns;
}

/* A format that has become an option of its own is named. */
void command_choice(const command *c, const command_option *row, void *options, const char *text)
{
    names_list list = {.count = 0};
    command_values(row->choices, row->registry, &list);
    const bool known = place_of(text, list.at) >= 0;
    for (const command_option *other = c->options; !known && other->name; other++)
        if (!other->value && strcmp(other->name, text) == 0)
            command_refuse(c, "--%s: '%s' is an option of its own (write --%s)", row->name, text,
                           text);
    store(row, options, (unsigned long)command_pick(c, row, text));
}

void command_text(const command *c, const command_option *row, void *options, const char *text)
{
    if (!*text)
        command_refuse(c, "--%s is empty (give a text)", row->name);
    *(const char **)place(row, options) = text;
}

void command_path(const command *c, const command_option *row, void *options, const char *text)
{
    command_text(c, row, options, text);
    if (strcmp(text, "-") == 0)
        *(const char **)place(row, options) = NULL;
}

void command_list(const command *c, const command_option *row, void *options, const char *text)
{
    char *copy = strdup(text), *rest = copy;
    for (char *name; (name = strsep(&rest, ","));) {
        if (!*name)
            command_refuse(c, "--%s: a value is empty (put one comma between values)", row->name);
        row->each(c, row, options, name);
    }
    free(copy);
}

/* ---- The table ---- */

static command_reader end_with_help, end_with_version, read_colours;

static const char *const colour_names[] = {"auto", "always", "never", NULL};

static const command_option common[] = {
    {"color", "WHEN", "auto (on a terminal, unless NO_COLOR is set; the default), always or never",
     .read = read_colours, .choices = colour_names},
    {"help", "[=json]", .letter = 'h', .read = end_with_help,
     .help = "Print this help and exit; as JSON for programs"},
    {"version", .letter = 'V', .read = end_with_version, .help = "Print the version and exit"},
};

static void end_with_version(const command *c, const command_option *row, void *options,
                             const char *text)
{
    (void)c;
    (void)row;
    (void)options;
    (void)text;
    puts(command_version);
    exit(0);
}

static void read_colours(const command *c, const command_option *row, void *options,
                         const char *text)
{
    (void)options;
    terminal_colours = (enum terminal_colours)command_pick(c, row, text);
}

/* The rows that this command takes, closed by NULL; returns their number. */
static size_t list_rows(const command *c, const command_option *rows[MOST + 1])
{
    size_t count = 0;
    for (const command_option *row = c->options; row && row->name; row++)
        if (!row->group || row->group & c->takes) {
            assert(count < MOST - 3);
            rows[count++] = row;
        }
    for (size_t i = 0; i < 2 + (command_version != NULL); i++)
        rows[count++] = &common[i];
    rows[count] = NULL;
    return count;
}

/* ---- Help ---- */

static void end_with_help(const command *c, const command_option *row, void *options,
                          const char *text)
{
    static const char *const forms[] = {"json", NULL};
    const command_option *rows[MOST + 1];
    (void)row;
    (void)options;
    list_rows(c, rows);
    if (text && command_choose(c, "--help", text, forms) == 0)
        command_describe(c, rows, stdout);
    else
        command_help(c, stdout);
    exit(0);
}

static void help_option(const command_option *row, unsigned width, FILE *out)
{
    char left[64], letter[] = {'-', row->letter, ',', '\0'};
    const char *value = row->value ? row->value : "";
    snprintf(left, sizeof left, "  %3s --%s%s%s", row->letter ? letter : "", row->name,
             row->value && *value != '[' ? " " : "", value);
    terminal_wrap_beside(left, COLUMN, row->help, width, out);
}

static void help_tables(const command *c, unsigned width, FILE *out)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    c->write_tables(memory);
    fclose(memory);
    terminal_wrap(text, width, out);
    free(text);
}

void command_help(const command *c, FILE *out)
{
    const command_option *rows[MOST + 1];
    unsigned width = terminal_width(out);
    width = (width == 0 ? USUAL_WIDTH : width > WIDEST ? WIDEST : width) - 1;
    list_rows(c, rows);
    fprintf(out, "Usage: %s [OPTION...]%s%s\n\n", c->name, c->arguments ? " " : "",
            c->arguments ? c->arguments : "");
    terminal_wrap_beside("", 0, c->about, width, out);
    fputs("\nOptions:\n", out);
    for (size_t i = 0; rows[i]; i++)
        if (rows[i]->help)
            help_option(rows[i], width, out);
    fputc('\n', out);
    if (c->write_tables)
        help_tables(c, width, out);
    terminal_wrap(c->ending, width, out);
}

/* ---- Reading ---- */

static const command_option *row_of(const command_option **rows, int found)
{
    while (found < FIRST && (*rows)->letter != found)
        rows++;
    return found < FIRST ? *rows : rows[found - FIRST];
}

FILCH_NORETURN static void refuse_unknown(const command *c, const char *argument, const char *meant)
{
    command_refuse(c, "unknown option %.*s%s%s%s", (int)strcspn(argument, "="), argument,
                   meant ? " (nearest: --" : "", meant ? meant : "", meant ? ")" : "");
}

/* getopt_long takes beginnings of names, too. */
static void refuse_beginning(const command *c, const command_option *row, char **argv)
{
    const char *argument = argv[optind - 1 - (optarg == argv[optind - 1])];
    if (strcspn(argument + 2, "=") != strlen(row->name))
        refuse_unknown(c, argument, row->help ? row->name : NULL);
}

/* getopt_long has left the row, or the letter, in optopt. */
FILCH_NORETURN static void refuse_option(const command *c, const command_option **rows, int found,
                                         const char *argument)
{
    names_list known = {.count = 0};
    const command_option *row = optopt >= FIRST ? rows[optopt - FIRST] : NULL;
    if (row && found == ':')
        command_refuse(c, "--%s has no value (write --%s %s)", row->name, row->name, row->value);
    if (row)
        command_refuse(c, "%s: this option takes no value (write --%s)", argument, row->name);
    if (optopt && found == ':')
        command_refuse(c, "-%c has no value (write -%c %s)", optopt, optopt,
                       row_of(rows, optopt)->value);
    if (optopt)
        command_refuse(c, "unknown option -%c", optopt);
    for (size_t i = 0; rows[i]; i++)
        if (rows[i]->help)
            names_add(&known, rows[i]->name);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    refuse_unknown(c, argument, names_nearest(name, known.at));
}

/* The rows as getopt_long wants them. */
static void describe(const command_option **rows, struct option *longs, char *letters)
{
    for (size_t i = 0; rows[i]; i++) {
        const char *value = rows[i]->value;
        const int has = !value          ? no_argument
                        : *value == '[' ? optional_argument
                                        : required_argument;
        *longs++ = (struct option){rows[i]->name, has, NULL, FIRST + (int)i};
        if (rows[i]->letter)
            *letters++ = rows[i]->letter;
        for (int colons = rows[i]->letter ? has : 0; colons > 0; colons--)
            *letters++ = ':';
    }
    *longs = (struct option){0};
    *letters = '\0';
}

char **command_read(const command *c, void *options, int argc, char **argv)
{
    const command_option *rows[MOST + 1];
    struct option longs[MOST + 1];
    char letters[2 + 3 * MOST + 1] = ":";
    list_rows(c, rows);
    if (c->in_order)
        strcpy(letters, "+:");
    describe(rows, longs, letters + strlen(letters));
    opterr = optind = 0; /* no messages; begin anew */
    for (int found; (found = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (found == '?' || found == ':')
            refuse_option(c, rows, found, argv[optind - 1]);
        const command_option *row = row_of(rows, found);
        if (found >= FIRST)
            refuse_beginning(c, row, argv);
        if (row->instead)
            command_refuse(c, "--%s has another name (write --%s)", row->name, row->instead);
        row->read(c, row, options, optarg);
    }
    const char *blank = c->arguments ? " " : "", *usage = c->arguments ? c->arguments : "";
    if (argc - optind < c->least)
        command_refuse(c, "too few arguments: %d (usage: %s [OPTION...]%s%s)", argc - optind,
                       c->name, blank, usage);
    if (c->most >= 0 && argc - optind > c->most)
        command_refuse(c, "too many arguments: '%s' (usage: %s [OPTION...]%s%s)",
                       argv[optind + c->most], c->name, blank, usage);
    return &argv[optind];
}
