/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: needs filch_shared_parts */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tests/support/test.h>
#include <tools/shared/command.h>
#include <unistd.h>

enum { ARGUMENTS = 12, TEXT = 4096 };

typedef struct values {
    bool json;
    unsigned repeat;
    unsigned long seed;
    double share;
    int64_t time;
    int format;
    const char *output;
    char names[TEXT];
} values;

static void add_name(const command *c, const command_option *row, void *options, const char *text)
{
    values *v = options;
    (void)c;
    (void)row;
    strcat(strcat(v->names, text), ";");
}

static const char *const formats[] = {"table", "csv", NULL};
static const char *const parts[] = {"width", NULL};

/* A registry: rows that begin with their name. */
static const struct fruit {
    const char *name;
    int weight;
} apple = {"apple", 1}, pear = {"pear", 2};

static void list_fruits(names_list *out)
{
    static const struct fruit *const fruits[] = {&apple, &pear, NULL};
    names_add_rows(out, NAMES_ROWS(fruits));
    names_add(out, "all");
}

#define FIELD(field) COMMAND_FIELD(values, field)

static const command_option rows[] = {
    {"json", .help = "Write JSON", .read = command_flag, FIELD(json)},
    {"repeat", "N",
     "Measurements of each: as many as that, and never more than so many, as the time allows",
     .letter = 'r', .read = command_count, FIELD(repeat), .least = 1, .most = 1000},
    {"seed", "N", "Of random numbers", .read = command_count, FIELD(seed)},
    {"share", "N", "A share", .read = command_number, FIELD(share), .most = 0.9},
    {"time", "TIME", "A time", .read = command_duration, FIELD(time), .least = 1000,
     .most = 3600e9},
    {"format", "FORMAT", "table or csv", .letter = 'f', .read = command_choice, FIELD(format),
     .choices = formats},
    {"export", "FORMAT", .instead = "format"},
    {"output", "FILE", "Where to write it", .read = command_path, FIELD(output)},
    {"names", "LIST", "Names", .read = command_list, .each = add_name},
    {"fruit", "NAME", "A fruit", .read = command_choice, FIELD(format), .registry = list_fruits},
    {"rounds", "[=N]", "Rounds", .read = command_list, .each = add_name, .group = 2},
    {0},
};
static const command tool = {.name = "tool",
                             .arguments = "[FILE]",
                             .most = 1,
                             .choices = parts,
                             .options = rows,
                             .takes = 1,
                             .about = "Does one thing.",
                             .ending = "Exit status: 0.\n"};

/* Cuts a line into arguments and reads them. */
static char **read_line(const command *c, values *v, char *line)
{
    static char *argv[ARGUMENTS + 1];
    int argc = 0;
    for (char *word; argc < ARGUMENTS && (word = strsep(&line, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    return command_read(c, v, argc, argv);
}

/* The message of a line that is refused. */
static const char *refusal(const char *text)
{
    static char written[TEXT];
    char line[TEXT];
    int ends[2], status;
    strcpy(line, text);
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        values v = {0};
        dup2(ends[1], STDERR_FILENO);
        read_line(&tool, &v, line);
        _exit(0);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    written[fread(written, 1, sizeof written - 1, in)] = '\0';
    fclose(in);
    waitpid(child, &status, 0);
    cr_expect_eq(WEXITSTATUS(status), 2, "%s: %d", text, status);
    return written;
}

Test(command, values_go_to_their_fields)
{
    values v = {.output = "before"};
    char line[] = "tool --json -r7 a --seed=18446744073709551615 --share 0.5";
    char other[] = "tool -f csv --output - --names a,b --time 1.5ms";
    char **arguments = read_line(&tool, &v, line);
    cr_expect_str_eq(arguments[0], "a");
    cr_expect_null(arguments[1]);
    read_line(&tool, &v, other);
    cr_expect(v.json && v.repeat == 7 && v.seed == ~0ul && v.share > 0.49 && v.share < 0.51);
    cr_expect(v.time == 1500000 && v.format == 1 && !v.output);
    cr_expect_str_eq(v.names, "a;b;");
}

Test(command, refusals_name_valid_values)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"tool --jsn", "unknown option --jsn (nearest: --json)"},
        {"tool --frmat=csv", "unknown option --frmat (nearest: --format)"},
        {"tool --nonsense", "unknown option --nonsense"},
        {"tool --js", "unknown option --js (nearest: --json)"},
        {"tool --o file", "unknown option --o (nearest: --output)"},
        {"tool --forma=csv", "unknown option --forma (nearest: --format)"},
        {"tool --exp csv", "unknown option --exp"},
        {"tool -x", "unknown option -x"},
        {"tool --rounds", "unknown option --rounds"},
        {"tool --repeat", "--repeat has no value (write --repeat N)"},
        {"tool --json=1", "--json=1: this option takes no value (write --json)"},
        {"tool --repeat 0", "--repeat: '0' is not a number in range (1..1000)"},
        {"tool -r 1001", "--repeat: '1001' is not a number in range (1..1000)"},
        {"tool --seed -1", "--seed: '-1' is not a number in range (0..18446744073709551615)"},
        {"tool --share 1", "--share: '1' is not a number in range (0..0.9)"},
        {"tool --time 2h", "--time: '2h' is not a duration in range (1us..1h; units ns, us, ms, s, "
                           "m, h, d, default s)"},
        {"tool --format xml", "unknown --format 'xml' (valid: table, csv)"},
        {"tool --format tables", "unknown --format 'tables' (nearest: table; valid: table, csv)"},
        {"tool --color autos",
         "unknown --color 'autos' (nearest: auto; valid: auto, always, never)"},
        {"tool --fruit aple", "unknown --fruit 'aple' (nearest: apple; valid: apple, pear, all)"},
        {"tool --format json", "--format: 'json' is an option of its own (write --json)"},
        {"tool --export csv", "--export has another name (write --format)"},
        {"tool --output ", "--output is empty (give a text)"},
        {"tool --names a,,b", "--names: a value is empty (put one comma between values)"},
        {"tool a b", "too many arguments: 'b' (usage: tool [OPTION...] [FILE])"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[TEXT];
        snprintf(expected, sizeof expected, "tool: %s; see tool --help\n", cases[i].message);
        const char *found = refusal(cases[i].line);
        cr_expect_str_eq(found, expected, "%s: %s", cases[i].line, found);
    }
}

Test(command, help_fits_the_width)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    setenv("COLUMNS", "60", 1);
    command_help(&tool, out);
    fclose(out);
    cr_expect_str_eq(text,
                     "Usage: tool [OPTION...] [FILE]\n"
                     "\n"
                     "Does one thing.\n"
                     "\n"
                     "Options:\n"
                     "      --json               Write JSON\n"
                     "  -r, --repeat N           Measurements of each: as many as\n"
                     "                           that, and never more than so\n"
                     "                           many, as the time allows\n"
                     "      --seed N             Of random numbers\n"
                     "      --share N            A share\n"
                     "      --time TIME          A time\n"
                     "  -f, --format FORMAT      table or csv\n"
                     "      --output FILE        Where to write it\n"
                     "      --names LIST         Names\n"
                     "      --fruit NAME         A fruit\n"
                     "      --color WHEN         auto (on a terminal, unless\n"
                     "                           NO_COLOR is set; the default),\n"
                     "                           always or never\n"
                     "  -h, --help[=json]        Print this help and exit; as\n"
                     "                           JSON for programs\n"
                     "\n"
                     "Exit status: 0.\n",
                     "%s", text);
    free(text);
}

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

/* The values of an option or an argument, joined. */
static const char *values_in(const json_t *object, char text[TEXT])
{
    const json_t *list = json_object_get(object, "choices");
    *text = '\0';
    for (size_t i = 0; i < json_array_size(list); i++)
        strcat(strcat(text, " "), json_string_value(json_array_get(list, i)));
    return text;
}

Test(command, json_has_the_values)
{
    static const struct {
        const char *option, *choices;
    } cases[] = {{"format", " table csv"}, {"fruit", " apple pear all"}, {"names", ""}};
    const command_option *described[sizeof rows / sizeof rows[0]] = {NULL};
    char *text = NULL, found_values[TEXT];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; rows[i].name; i++)
        described[i] = &rows[i];
    command_describe(&tool, described, out);
    fclose(out);
    json_t *whole = json_loads(text, 0, NULL);
    cr_assert_not_null(whole, "%s", text);
    cr_expect_str_eq(values_in(whole, found_values), " width");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at;
        const json_t *one, *found = NULL;
        json_array_foreach(json_object_get(whole, "options"), at,
                           one) if (strcmp(json_string_value(json_object_get(one, "name")),
                                           cases[i].option) == 0) found = one;
        cr_expect_str_eq(values_in(found, found_values), cases[i].choices, "%s: %s",
                         cases[i].option, found_values);
    }
    json_decref(whole);
    free(text);
}
#endif

Test(command, program_keeps_its_own_options)
{
    const command runner = {.name = "run", .most = -1, .in_order = true, .options = rows};
    values v = {0};
    char line[] = "run --json program --json --nonsense";
    char **arguments = read_line(&runner, &v, line);
    cr_expect(v.json);
    cr_expect_str_eq(arguments[0], "program");
    cr_expect_str_eq(arguments[2], "--nonsense");
}
