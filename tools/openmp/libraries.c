/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "libraries.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <runtime/platform/find_program.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/wait.h>

enum { LINE = 2 * PATH_MAX };

static const char *const names[] = {"libgomp.so.1", "libomp.so.5", "libiomp5.so"};
enum { NAMES = sizeof names / sizeof names[0], OURS = 2 }; /* Filch has the first ones */

typedef struct found {
    const char *program, *folder;
    char paths[NAMES][PATH_MAX]; /* "": the program does not need it */
    bool lacks_version;
} found;

/* ---- Asking ---- */

/* The dynamic linker of this command. NULL: it has none. */
static const char *find_linker(void)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    const unsigned long count = getauxval(AT_PHNUM);
    uintptr_t base = 0;
    for (unsigned long i = 0; i < count; i++)
        if (headers[i].p_type == PT_PHDR)
            base = (uintptr_t)headers - headers[i].p_vaddr;
    for (unsigned long i = 0; i < count; i++)
        if (headers[i].p_type == PT_INTERP)
            return (const char *)(base + headers[i].p_vaddr);
    return NULL;
}

/* Its list of libraries, with what they lack. NULL: it could not be started. */
static FILE *ask(const char *linker, const char *program, pid_t *pid)
{
    int ends[2];
    if (pipe(ends))
        return NULL;
    *pid = fork();
    if (*pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        setenv("LD_TRACE_LOADED_OBJECTS", "yes", 1); /* it lists, and runs nothing */
        setenv("LD_WARN", "yes", 1);
        setenv("LD_BIND_NOW", "yes", 1);
        execl(linker, linker, program, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *said = *pid < 0 ? NULL : fdopen(ends[0], "r");
    if (!said)
        close(ends[0]);
    return said;
}

/* ---- Reading; each returns true if the line is of its kind ---- */

/* "	libgomp.so.1 => /folder/libgomp.so.1 (0x00007f0b9b932000)" */
static bool read_path(const char *line, found *out)
{
    char name[64], path[PATH_MAX];
    if (sscanf(line, " %63s => %4095s (0x", name, path) != 2 || path[0] != '/')
        return false;
    for (int i = 0; i < NAMES; i++)
        if (strcmp(name, names[i]) == 0)
            strcpy(out->paths[i], path);
    return true;
}

/* "PROGRAM: /folder/libgomp.so.1: version `OMP_6.0' not found (required by FILE)" */
static bool read_version(const char *line, found *out)
{
    char version[64], file[PATH_MAX];
    const char *end = strstr(line, ": version `"), *path = end;
    if (!end ||
        sscanf(end, ": version `%63[^']' not found (required by %4095[^)])", version, file) != 2)
        return false;
    while (path > line && path[-1] != ' ')
        path--;
    for (int i = 0; i < NAMES; i++) {
        const size_t length = strlen(names[i]);
        if ((size_t)(end - path) < length || strncmp(end - length, names[i], length) != 0)
            continue;
        fprintf(stderr,
                "filch openmp: %s needs %s of %s, which %.*s lacks; run it without filch openmp\n",
                file, version, names[i], (int)(end - path), path);
        out->lacks_version = true;
    }
    return true;
}

/* "undefined symbol: omp_NAME, version OMP_5.0	(FILE)" */
static bool read_symbol(const char *line)
{
    static const char *const prefixes[] = {"omp_", "GOMP_", "acc_", "GOACC_", "__kmpc_"};
    char name[128], file[PATH_MAX];
    if (sscanf(line, "undefined symbol: %127[^, \t\n]%*[^(](%4095[^)])", name, file) != 2)
        return false;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            fprintf(stderr,
                    "filch openmp: %s calls %s, which no library of it has; the program ends at "
                    "the first call\n",
                    file, name);
    return true;
}

/* ---- Warnings ---- */

static void warn(const found *all)
{
    const char *first = NULL;
    for (int i = 0; i < NAMES; i++) {
        const char *path = all->paths[i];
        if (!*path)
            continue;
        if (first)
            fprintf(stderr,
                    "filch openmp: %s has two OpenMP libraries, %s and %s, each with threads of "
                    "its own\n",
                    all->program, first, path);
        first = path;
    }
    const size_t length = strlen(all->folder);
    for (int i = 0; i < OURS; i++) {
        const char *path = all->paths[i];
        if (*path && (strncmp(path, all->folder, length) != 0 || path[length] != '/'))
            fprintf(stderr,
                    "filch openmp: %s keeps %s, which its RPATH or LD_PRELOAD names; it does not "
                    "run on Filch\n",
                    all->program, path);
    }
}

bool libraries_check(const char *program, const char *folder)
{
    char line[LINE], *path = NULL;
    const char *linker = find_linker();
    pid_t pid;
    if (!linker || fl_program_find(&path, program))
        return true;
    found all = {.program = program, .folder = folder};
    FILE *said = ask(linker, path, &pid);
    while (said && fgets(line, sizeof line, said))
        if (!read_path(line, &all) && !read_version(line, &all))
            read_symbol(line);
    if (said) {
        fclose(said);
        waitpid(pid, NULL, 0);
    }
    free(path);
    warn(&all);
    return !all.lacks_version;
}
