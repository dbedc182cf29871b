/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE = 3, STARTED = 22, PROCESSOR = 39, STAT_MOST = 1024 }; /* fields of stat, from 1 up */

/* Reads the file stat. The end of the name, which may hold anything; NULL: there is no such file. */
static const char *read_stat(const char *path, char text[STAT_MOST])
{
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    size_t size = fread(text, 1, STAT_MOST - 1, in);
    fclose(in);
    text[size] = '\0';
    return strrchr(text, ')');
}

/* A field behind the name; "": it is not there. */
static const char *field_of(const char *stat, int field)
{
    for (int i = 2; stat && i < field; i++) {
        stat = strchr(stat, ' ');
        stat = stat ? stat + 1 : NULL;
    }
    return stat ? stat : "";
}

/* The line "NSpid: 123 7": the numbers of the process, from this space inwards. */
static void read_spaces(long process, process_facts *out)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%ld/status", process);
    FILE *in = fopen(path, "re");
    out->inside = (uint64_t)process;
    out->is_same_space = true;
    while (in && fgets(line, sizeof line, in))
        if (strncmp(line, "NSpid:", 6) == 0) {
            const char *last = strrchr(line, '\t');
            out->inside = strtoull(last ? last : line + 6, NULL, 10);
            out->is_same_space = last == line + 6;
        }
    if (in)
        fclose(in);
}

bool process_look(long process, process_facts *out)
{
    char path[64], text[STAT_MOST];
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    const char *stat = read_stat(path, text);
    const char state = *field_of(stat, STATE);
    if (!state || state == 'Z' ||
        state == 'X') /* it has ended, and its parent has not looked yet */
        return false;
    out->started = strtoull(field_of(stat, STARTED), NULL, 10);
    read_spaces(process, out);
    return true;
}

int process_cpu(long process, uint64_t thread)
{
    char path[96], text[STAT_MOST];
    snprintf(path, sizeof path, "/proc/%ld/task/%llu/stat", process, (unsigned long long)thread);
    const char *cpu = field_of(thread ? read_stat(path, text) : NULL, PROCESSOR);
    return *cpu ? atoi(cpu) : -1;
}
