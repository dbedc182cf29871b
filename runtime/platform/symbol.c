/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/symbol.h>

#include <filch/atomic.h>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KNOWN = 1024 };

typedef struct symbol {
    const void *function;
    char name[FL_SYMBOL_NAME];
} symbol;

/* A function's place in a file. */
typedef struct place {
    uintptr_t function, at;
    const char *path;
} place;

static const char own_file[] = "/proc/self/exe"; /* a link to it */

typedef struct image {
    const char *bytes;
    size_t size;
} image;

/* ---- The file of a function ---- */

static bool has(const struct dl_phdr_info *info, uintptr_t function)
{
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && function - (info->dlpi_addr + part->p_vaddr) < part->p_memsz)
            return true;
    }
    return false;
}

/* The program itself has no name here. */
static int find_file(struct dl_phdr_info *info, size_t size, void *arg)
{
    place *p = arg;
    (void)size;
    if (!has(info, p->function))
        return 0;
    p->path = *info->dlpi_name ? info->dlpi_name : own_file;
    p->at = p->function - info->dlpi_addr;
    return 1;
}

static image map_file(const char *path)
{
    image of = {NULL, 0};
    struct stat is;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return of;
    if (fstat(fd, &is) == 0 && is.st_size > 0) {
        void *map = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED)
            of = (image){map, (size_t)is.st_size};
    }
    close(fd);
    return of;
}

/* ---- Its symbols ---- */

/* `count` things of `each` bytes; NULL: the file is too short. */
static const void *part_of(const image *of, uint64_t at, uint64_t count, uint64_t each)
{
    return at <= of->size && count <= (of->size - at) / each ? of->bytes + at : NULL;
}

static const ElfW(Shdr) * sections_of(const image *of, unsigned *count)
{
    const ElfW(Ehdr) *head = part_of(of, 0, 1, sizeof *head);
    *count = 0;
    if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_shentsize != sizeof(ElfW(Shdr)) || head->e_shoff % sizeof(uint64_t))
        return NULL;
    *count = head->e_shnum;
    return part_of(of, head->e_shoff, head->e_shnum, sizeof(ElfW(Shdr)));
}

/* The name of the function at that place in this table. */
static const char *look_in(const image *of, const ElfW(Shdr) * table, const ElfW(Shdr) * texts,
                           uintptr_t at)
{
    const size_t count = table->sh_size / sizeof(ElfW(Sym));
    const ElfW(Sym) *list = part_of(of, table->sh_offset, count, sizeof *list);
    const char *text = part_of(of, texts->sh_offset, texts->sh_size, 1);
    for (size_t i = 0; list && text && i < count; i++)
        if (list[i].st_value == at && ELF64_ST_TYPE(list[i].st_info) == STT_FUNC &&
            list[i].st_name < texts->sh_size &&
            memchr(text + list[i].st_name, '\0', texts->sh_size - list[i].st_name))
            return text + list[i].st_name;
    return NULL;
}

static const char *name_at(const image *of, uintptr_t at)
{
    static const unsigned kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
    unsigned count;
    const char *name = NULL;
    const ElfW(Shdr) *section = sections_of(of, &count);
    for (unsigned k = 0; section && k < 2; k++)
        for (unsigned i = 0; i < count && !name; i++)
            if (section[i].sh_type == kinds[k] && section[i].sh_link < count)
                name = look_in(of, &section[i], &section[section[i].sh_link], at);
    return name;
}

/* ---- Names ---- */

/* As it is in the source: `saxpy` of saxpy_chunk, which FILCH_FOR(saxpy, ...) makes, of its copy
 * saxpy_chunk.constprop.0, and of C++'s _ZL11saxpy_chunkP10filch_slotmmPv. */
static void write_plain(char name[FL_SYMBOL_NAME], const char *raw)
{
    static const char chunk[] = "_chunk";
    raw += strspn(raw, "."); /* of clang's .omp_task_entry..3 */
    const char *first = raw;
    char *rest = NULL;
    size_t length = strcspn(raw, ".");
    if (strncmp(raw, "_Z", 2) == 0)
        first += raw[2] == 'L' ? 3 : 2;
    const size_t mangled = first > raw ? strtoul(first, &rest, 10) : 0;
    if (rest > first && mangled <= strlen(rest)) {
        raw = rest;
        length = mangled;
    }
    const size_t suffix = sizeof chunk - 1;
    if (length > suffix && memcmp(raw + length - suffix, chunk, suffix) == 0)
        length -= suffix;
    snprintf(name, FL_SYMBOL_NAME, "%.*s", (int)(length < FL_SYMBOL_NAME ? length : FL_SYMBOL_NAME),
             raw);
}

/* By the file's name without folders. */
static void write_place(char name[FL_SYMBOL_NAME], const place *p)
{
    char target[1024];
    const char *path = p->path ? p->path : "?";
    const ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    path = length > 0 ? target : path;
    const char *slash = strrchr(path, '/');
    snprintf(name, FL_SYMBOL_NAME, "%.50s+0x%jx", slash ? slash + 1 : path, (uintmax_t)p->at);
}

static place place_of(const void *function)
{
    place p = {.function = (uintptr_t)function, .at = (uintptr_t)function};
    dl_iterate_phdr(find_file, &p);
    return p;
}

/* false: the file has no symbol for it. */
static bool find_plain(char name[FL_SYMBOL_NAME], const place *p)
{
    const image file = p->path ? map_file(p->path) : (image){NULL, 0};
    const char *raw = file.bytes ? name_at(&file, p->at) : NULL;
    const bool is_found = raw && *raw;
    if (is_found)
        write_plain(name, raw);
    if (file.bytes)
        munmap((void *)(uintptr_t)file.bytes, file.size);
    return is_found;
}

static void find_name(symbol *of)
{
    const place p = place_of(of->function);
    if (!find_plain(of->name, &p))
        write_place(of->name, &p);
}

void fl_symbol_and_place(char name[FL_SYMBOL_NAME], const void *function)
{
    enum { PLACE = 2 + 16 + 1 }; /* +0x, sixteen digits at most, and the NUL */
    const place p = place_of(function);
    char plain[FL_SYMBOL_NAME];
    if (p.path == own_file && find_plain(plain, &p))
        snprintf(name, FL_SYMBOL_NAME, "%.*s+0x%jx", FL_SYMBOL_NAME - PLACE - 1, plain,
                 (uintmax_t)p.at);
    else if (!find_plain(name, &p))
        write_place(name, &p);
}

static symbol *make(const void *function)
{
    symbol *made = malloc(sizeof *made);
    if (made) {
        made->function = function;
        find_name(made);
    }
    return made;
}

/* The function in that entry, put there if the entry is empty; NULL: no memory. */
static const symbol *look_at(filch_ptr *entry, const void *function)
{
    void *there = filch_ptr_load(entry, FILCH_ACQUIRE); /* FindSymbol */
    if (there)
        return there;
    symbol *mine = make(function);
    if (!mine || filch_ptr_cas(entry, &there, mine, FILCH_RELEASE)) /* InsertSymbol */
        return mine;
    free(mine);
    return filch_ptr_load(entry, FILCH_ACQUIRE); /* FindSymbol */
}

const char *fl_symbol(const void *function)
{
    static filch_ptr symbols[KNOWN];
    const uint64_t hash = (uint64_t)(uintptr_t)function * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (size_t i = 0; i < KNOWN; i++) {
        const symbol *is = look_at(&symbols[(hash + i) % KNOWN], function);
        if (!is || is->function == function)
            return is ? is->name : NULL;
    }
    return NULL;
}
