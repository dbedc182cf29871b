/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The seeds of a target as an ordinary test, in builds without libFuzzer: of each file that the command
 * line names, in the format of tests/fuzz/seeds.py. No seed at all is an error. */
#include <errno.h>
#include <tests/fuzz/fuzz.h>

static unsigned replayed;

static size_t take_escape(const char *text, uint8_t *to)
{
    char digits[3] = {text[1], text[1] ? text[2] : '\0', '\0'};
    *to = (uint8_t)(text[0] == '\\' ? '\\' : strtoul(digits, NULL, 16));
    return text[0] == '\\' ? 1 : 3;
}

/* line: NAME TEXT, without its end. */
static void replay_line(char *line)
{
    char *text = strchr(line, ' ');
    FUZZ_CHECK(text, "no seed: '%s' (a line is NAME TEXT)", line);
    size_t size = 0;
    uint8_t *data = malloc(strlen(text));
    FUZZ_CHECK(data, "no memory for a seed");
    printf("%.*s\n", (int)(text - line), line);
    fflush(stdout);
    for (text++; *text; size++)
        if (*text == '\\')
            text += 1 + take_escape(text + 1, &data[size]);
        else
            data[size] = (uint8_t)*text++;
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
}

static void replay(const char *path)
{
    FILE *file = fopen(path, "r");
    FUZZ_CHECK(file, "%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        replay_line(line);
    }
    free(line);
    fclose(file);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%u inputs replayed\n", replayed);
    return replayed ? 0 : 1;
}
