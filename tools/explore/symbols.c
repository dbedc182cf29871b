/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct symbols {
    const char *file;
    size_t size;
    const Elf64_Sym *symbol;
    size_t count;
    const char *names;
    size_t names_size;
};

/* Is a part of the file inside of it? */
static bool inside(const symbols *s, uint64_t offset, uint64_t size)
{
    return offset <= s->size && size <= s->size - offset;
}

static const Elf64_Shdr *section(const symbols *s, const Elf64_Ehdr *head, unsigned i)
{
    return (const Elf64_Shdr *)(const void *)(s->file + head->e_shoff) + i;
}

static bool use_table(symbols *s, const Elf64_Ehdr *head, const Elf64_Shdr *table)
{
    if (table->sh_link >= head->e_shnum || !inside(s, table->sh_offset, table->sh_size))
        return false;
    const Elf64_Shdr *names = section(s, head, table->sh_link);
    if (!inside(s, names->sh_offset, names->sh_size) || !names->sh_size ||
        s->file[names->sh_offset + names->sh_size - 1])
        return false;
    s->symbol = (const Elf64_Sym *)(const void *)(s->file + table->sh_offset);
    s->count = table->sh_size / sizeof *s->symbol;
    s->names = s->file + names->sh_offset;
    s->names_size = names->sh_size;
    return true;
}

/* All symbols; of a stripped program those that it exports. */
static bool find_table(symbols *s)
{
    static const unsigned kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)(const void *)s->file;
    if (s->size < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(Elf64_Shdr) ||
        !inside(s, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (unsigned i = 0; i < head->e_shnum; i++)
            if (section(s, head, i)->sh_type == kinds[k] && use_table(s, head, section(s, head, i)))
                return true;
    return false;
}

static bool map_file(symbols *s, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *at = MAP_FAILED;
    if (!fstat(fd, &about) && about.st_size > 0)
        at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return false;
    s->file = at;
    s->size = (size_t)about.st_size;
    return true;
}

symbols *symbols_open(const char *path)
{
    symbols *s = calloc(1, sizeof *s);
    if (s && map_file(s, path) && find_table(s))
        return s;
    symbols_close(s);
    return NULL;
}

void symbols_close(symbols *s)
{
    if (s && s->file)
        munmap((void *)(uintptr_t)s->file, s->size);
    free(s);
}

const char *symbols_find(const symbols *s, uint64_t address, bool function, uint64_t *offset)
{
    const unsigned type = function ? STT_FUNC : STT_OBJECT;
    for (size_t i = 0; s && i < s->count; i++) {
        const Elf64_Sym *one = &s->symbol[i];
        if (ELF64_ST_TYPE(one->st_info) != type || one->st_shndx == SHN_UNDEF ||
            address < one->st_value || address - one->st_value >= one->st_size ||
            one->st_name >= s->names_size)
            continue;
        *offset = address - one->st_value;
        return s->names + one->st_name;
    }
    return NULL;
}
