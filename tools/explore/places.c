/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "places.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <runtime/platform/find_program.h>
#include <spawn.h>
#include <sys/wait.h>

void places_open(places *p, const char *program)
{
    *p = (places){.path = program, .symbols = symbols_open(program)};
    if (fl_program_find(&p->addr2line, "addr2line"))
        p->addr2line = NULL;
}

void places_close(places *p)
{
    free(p->addr2line);
    symbols_close(p->symbols);
}

/* ---- One place ---- */

/* Starts addr2line; returns the end of its output, or NULL. */
static FILE *ask(const places *p, uint64_t address, pid_t *pid)
{
    char number[32];
    int ends[2];
    posix_spawn_file_actions_t actions;
    snprintf(number, sizeof number, "0x%" PRIx64, address);
    char *const words[] = {(char[]){"addr2line"}, (char[]){"-fsie"}, (char *)(uintptr_t)p->path,
                           number, NULL};
    if (!p->addr2line || pipe2(ends, O_CLOEXEC))
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawn(pid, p->addr2line, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *said = rc ? NULL : fdopen(ends[0], "r");
    if (!said)
        close(ends[0]);
    return said;
}

/* Two lines: the function, then FILE:LINE; "?" if unknown. */
static bool read_pair(FILE *said, place *out)
{
    place read = {.line = 0};
    if (fscanf(said, "%255s %255[^:\n]:%u%*[^\n]", read.function, read.file, &read.line) < 3 ||
        read.file[0] == '?')
        return false;
    *out = read;
    return true;
}

/* The innermost of the functions that are inlined there; the library's own helpers are passed over. */
static bool find_line(const places *p, uint64_t address, place *out)
{
    pid_t pid;
    FILE *said = ask(p, address, &pid);
    if (!said)
        return false;
    while (read_pair(said, out) && strncmp(out->function, "fl_", 3) == 0)
        ;
    fclose(said);
    waitpid(pid, NULL, 0);
    return out->line;
}

bool places_find(const places *p, uint64_t address, place *out)
{
    uint64_t offset;
    *out = (place){.line = 0};
    if (address && find_line(p, address - 1, out)) /* in the call, not after it */
        return true;
    const char *name = address ? symbols_find(p->symbols, address - 1, true, &offset) : NULL;
    if (name)
        snprintf(out->function, sizeof out->function, "%s", name);
    return name;
}

const char *place_text(const place *at, char *text, size_t size)
{
    if (at->line)
        snprintf(text, size, "%s:%u in %s()", at->file, at->line, at->function);
    else
        snprintf(text, size, "%s()", at->function);
    return text;
}

/* ---- A text with places ---- */

/* "counter", or "table+24"; false: no variable lies there. */
static bool write_variable(const places *p, uint64_t address, FILE *out)
{
    uint64_t offset;
    const char *name = symbols_find(p->symbols, address, false, &offset);
    if (name && offset)
        fprintf(out, "%s+%" PRIu64, name, offset);
    else if (name)
        fputs(name, out);
    return name;
}

/* A place at `at`? Writes its name and returns its length; else 0. */
static size_t write_place(const places *p, const char *at, const char *end, FILE *out)
{
    const char *name = strrchr(p->path, '/');
    name = name ? name + 1 : p->path;
    const size_t length = strlen(name);
    if ((size_t)(end - at) < length + 4 || strncmp(at, name, length) != 0 ||
        strncmp(at + length, "+0x", 3) != 0)
        return 0;
    char digits[17] = "", text[600];
    const char *from = at + length + 3;
    size_t i = 0;
    while (from + i < end && i < sizeof digits - 1 && isxdigit((unsigned char)from[i])) {
        digits[i] = from[i];
        i++;
    }
    const uint64_t address = strtoull(digits, NULL, 16);
    place found;
    if (!i)
        return 0;
    if (!write_variable(p, address, out)) {
        if (!places_find(p, address, &found))
            return 0;
        fputs(place_text(&found, text, sizeof text), out);
    }
    return length + 3 + i;
}

void places_write(const places *p, const char *text, size_t length, const char *before, FILE *out)
{
    const char *end = text + length;
    bool begins = true;
    while (text < end) {
        if (begins)
            fputs(before, out);
        const size_t written = write_place(p, text, end, out);
        if (!written)
            putc(*text == '\n' || *text == '\t' || !iscntrl((unsigned char)*text) ? *text : '?',
                 out);
        begins = !written && *text == '\n';
        text += written ? written : 1;
    }
    if (!begins)
        putc('\n', out);
}
