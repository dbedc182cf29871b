/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names of functions: of static ones, of those that macros make, and places for all others. */
#include <dlfcn.h>
#include <filch/for.h>
#include <link.h>
#include <pthread.h>
#include <runtime/platform/symbol.h>
#include <stdio.h>
#include <sys/mman.h>
#include <tests/support/test.h>

typedef void plain_function(void);

static const void *address_of(plain_function *function)
{
    return (const void *)(uintptr_t)function;
}

static __attribute__((noinline)) void known_by_name(void)
{
    __asm__ volatile("");
}

FILCH_FOR(scale_all, i, (float *, y))
{
    y[i] *= 2;
}

Test(symbol, a_static_function_has_its_name)
{
    cr_assert_str_eq(fl_symbol(address_of(known_by_name)), "known_by_name");
}

Test(symbol, loop_is_named_after_macro)
{
    const void *body = (const void *)(uintptr_t)scale_all_chunk;
    cr_assert_str_eq(fl_symbol(body), "scale_all");
}

Test(symbol, a_name_stays_at_its_address)
{
    const char *name = fl_symbol(address_of(known_by_name));
    cr_assert_not_null(name);
    cr_assert_eq(fl_symbol(address_of(known_by_name)), name);
}

/* As a stripped file has: there is no symbol within a function. */
Test(symbol, place_without_symbol_shows_file_offset)
{
    const char *name = fl_symbol((const char *)(uintptr_t)scale_all_chunk + 1);
    cr_assert(strncmp(name, "tests_unit_platform+0x", 22) == 0, "%s", name);
}

Test(symbol, anonymous_memory_is_named_by_address)
{
    char expected[FL_SYMBOL_NAME];
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(page, MAP_FAILED);
    snprintf(expected, sizeof expected, "?+0x%jx", (uintmax_t)(uintptr_t)page);
    cr_assert_str_eq(fl_symbol(page), expected);
    munmap(page, 4096);
}

/* Of the program, which comes first. */
static int note_offset(struct dl_phdr_info *of, size_t size, void *offset)
{
    *(uintptr_t *)offset = of->dlpi_addr;
    return 1;
}

/* The place is that of the symbol in the file: addr2line takes it. */
Test(symbol, functions_of_the_program_have_places)
{
    char name[FL_SYMBOL_NAME], expected[FL_SYMBOL_NAME];
    uintptr_t offset = 0;
    dl_iterate_phdr(note_offset, &offset);
    fl_symbol_and_place(name, address_of(known_by_name));
    snprintf(expected, sizeof expected, "known_by_name+0x%jx",
             (uintmax_t)((uintptr_t)address_of(known_by_name) - offset));
    cr_assert_str_eq(name, expected);
}

Test(symbol, functions_of_libraries_have_no_place)
{
    char name[FL_SYMBOL_NAME];
    fl_symbol_and_place(name, dlsym(RTLD_DEFAULT, "pthread_barrier_init"));
    cr_assert(!strchr(name, '+') || strncmp(name, "libc", 4) == 0, "%s", name);
}

enum { THREADS = 4, PLACES = 2000 };

static void *name_many(void *arg)
{
    const char **names = arg;
    for (size_t i = 0; i < PLACES; i++)
        names[i] = fl_symbol((const void *)(i + 1));
    return NULL;
}

Test(symbol, threads_agree_on_names_despite_overflow)
{
    static const char *names[THREADS][PLACES];
    pthread_t thread[THREADS];
    size_t named = 0;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, name_many, names[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (size_t k = 0; k < PLACES; k++) {
        char expected[FL_SYMBOL_NAME];
        snprintf(expected, sizeof expected, "?+0x%zx", k + 1);
        const char *last = fl_symbol((const void *)(k + 1));
        named += last != NULL;
        cr_assert(!last || strcmp(last, expected) == 0, "%s", last);
        for (int i = 0; i < THREADS; i++)
            cr_assert(!names[i][k] || names[i][k] == last, "place %zu of thread %d", k, i);
    }
    cr_assert_gt(named, 0);
    cr_assert_lt(named, PLACES);
}
