/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Finding the pages of a process among its files. */
#include "page.h"
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- One file ---- */

static bool is_page(int folder, const char *name)
{
    static const char wanted[] = "/memfd:" FL_PAGE_FILE " (deleted)";
    char target[sizeof wanted];
    ssize_t length = readlinkat(folder, name, target, sizeof target);
    return length == sizeof wanted - 1 && memcmp(target, wanted, sizeof wanted - 1) == 0;
}

/* Maps the file, which keeps its size. NULL: errno says why. */
static const char *map_file(int folder, const char *name, size_t *size)
{
    struct stat status;
    void *mapped = MAP_FAILED;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size <= PAGE_MOST &&
        (fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK)) {
        *size = (size_t)status.st_size;
        mapped = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/* ---- All files of the process ---- */

typedef struct search {
    top_page *out;
    uint32_t wanted;             /* runtime; 0: the least */
    uint32_t least;              /* that of the page in out */
    uint64_t inside;             /* the number of the process, as it sees itself */
    char reason[PAGE_ERROR / 2]; /* why the last bad page is none; "": there was none */
} search;

/* In ascending order. */
static void note_runtime(top_page *out, uint32_t runtime)
{
    unsigned at = out->runtimes;
    if (at == PAGE_RUNTIMES)
        return;
    for (; at && out->runtime[at - 1] > runtime; at--)
        out->runtime[at] = out->runtime[at - 1];
    out->runtime[at] = runtime;
    out->runtimes++;
}

static void unmap(const char *map, size_t size)
{
    if (map)
        munmap((void *)(uintptr_t)map, size);
}

/* Keeps the page, or the one that was found before. */
static void choose(search *s, const char *map, size_t size, uint32_t runtime)
{
    bool is_wanted = s->wanted ? runtime == s->wanted : !s->out->map || runtime < s->least;
    note_runtime(s->out, runtime);
    unmap(is_wanted ? s->out->map : map, is_wanted ? s->out->size : size);
    if (is_wanted) {
        s->out->map = map;
        s->out->size = size;
        s->least = runtime;
    }
}

/* A child of fork() has the files of its parent: pages that are not its own. */
static bool is_own(const search *s, const fl_page_header *header)
{
    return header->process == s->inside && fl_page_publications(header);
}

/* Judges by a copy, since the page may change meanwhile. */
static void look_at(search *s, int folder, const char *name)
{
    char error[PAGE_ERROR];
    page_reading copy;
    size_t size = 0;
    const char *map = is_page(folder, name) ? map_file(folder, name, &size) : NULL;
    if (!map)
        return;
    bool is_good = page_read(&copy, map, size, error);
    if (!is_good)
        snprintf(s->reason, sizeof s->reason, "%.200s", error);
    if (is_good && is_own(s, page_header(&copy)))
        choose(s, map, size, page_header(&copy)->runtime);
    else
        unmap(map, size);
    page_reading_free(&copy);
}

static void look_at_all(search *s, DIR *files)
{
    for (const struct dirent *one; (one = readdir(files));)
        if (one->d_name[0] != '.')
            look_at(s, dirfd(files), one->d_name);
}

/* ---- Reasons ---- */

static void explain_closed(long process, int code, char error[PAGE_ERROR])
{
    if (code == ENOENT || code == ESRCH)
        snprintf(error, PAGE_ERROR, "no such process: %ld (valid: one that runs)", process);
    else
        snprintf(error, PAGE_ERROR,
                 "cannot look into process %ld: %s (allowed: its user, and root)", process,
                 strerror(code));
}

static void explain_absent(const search *s, char error[PAGE_ERROR])
{
    char list[128] = "";
    size_t at = 0;
    for (unsigned i = 0; i < s->out->runtimes && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%u", i ? ", " : "",
                               s->out->runtime[i]);
    if (s->out->runtimes)
        snprintf(error, PAGE_ERROR, "unknown runtime of process %ld: %u (valid: %s)",
                 s->out->process, s->wanted, list);
    else if (s->reason[0])
        snprintf(error, PAGE_ERROR, "cannot read the statistics page of process %ld: %s",
                 s->out->process, s->reason);
    else
        snprintf(error, PAGE_ERROR,
                 "no statistics page: process %ld (allowed: programs with Filch that were started "
                 "with FILCH_SHARE=1)",
                 s->out->process);
}

/* ---- Pages ---- */

bool page_open(top_page *out, long process, uint32_t runtime, char error[PAGE_ERROR])
{
    char path[64];
    process_facts facts;
    search s = {.out = out, .wanted = runtime};
    *out = (top_page){.process = process};
    if (!process_look(process, &facts)) {
        explain_closed(process, ESRCH, error);
        return false;
    }
    snprintf(path, sizeof path, "/proc/%ld/fd", process);
    DIR *files = opendir(path);
    if (!files) {
        explain_closed(process, errno, error);
        return false;
    }
    out->started = facts.started;
    out->is_same_space = facts.is_same_space;
    s.inside = facts.inside;
    look_at_all(&s, files);
    closedir(files);
    if (!out->map)
        explain_absent(&s, error);
    return out->map != NULL;
}

void page_close(top_page *page)
{
    unmap(page->map, page->size);
    page->map = NULL;
}

bool page_is_alive(const top_page *page)
{
    process_facts facts;
    return process_look(page->process, &facts) && facts.started == page->started;
}
