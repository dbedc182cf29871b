/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dependences: from clang's list to gcc's array, which runtime/openmp/depend.c reads. */
#include <runtime/openmp/kmpc/task.h>

#include <runtime/openmp/memory.h>

/* clang's kinds. */
enum { IN = 1, OUT = 2, MUTEX = 4, SET = 8, ALL = 0x80 };

/* gcc's array: 0, the counts of four groups and their addresses. The last group has pointers to depend objects,
 * which are here after the addresses. */
enum { GROUPS = 4, HEAD = 5, GCC_SET = 5 };

/* written, mutexinoutset, read, inoutset */
static int group_of(const fl_kmpc_depend *of)
{
    return of->kind & (OUT | ALL) ? 0 : of->kind & MUTEX ? 1 : of->kind & SET ? 3 : 2;
}

/* One dependence after another, of both lists. */
typedef struct lists {
    const fl_kmpc_depend *first, *second;
    int32_t firsts, count;
} lists;

static const fl_kmpc_depend *get(const lists *of, int32_t i)
{
    return i < of->firsts ? &of->first[i] : &of->second[i - of->firsts];
}

void **fl_kmpc_depends(const fl_kmpc_depend *first, int32_t firsts, const fl_kmpc_depend *second,
                       int32_t seconds)
{
    const lists all = {first, second, firsts, firsts + seconds};
    const size_t count = (size_t)all.count;
    if (!count)
        return NULL;
    size_t counts[GROUPS] = {0}, next[GROUPS] = {0};
    for (int32_t i = 0; i < all.count; i++)
        counts[group_of(get(&all, i))]++;
    for (int group = 1; group < GROUPS; group++)
        next[group] = next[group - 1] + counts[group - 1];
    void **array = fl_omp_allocate((HEAD + count + 2 * counts[GROUPS - 1]) * sizeof *array);
    void **addresses = array + HEAD, **objects = addresses + count;
    array[1] = (void *)count;
    for (int group = 0; group < GROUPS - 1; group++)
        array[2 + group] = (void *)counts[group];
    for (int32_t i = 0; i < all.count; i++) {
        const fl_kmpc_depend *one = get(&all, i);
        void *address = one->kind & ALL ? NULL : (void *)one->address;
        const int group = group_of(one);
        if (group == GROUPS - 1) {
            objects[0] = address;
            objects[1] = (void *)(uintptr_t)GCC_SET;
            address = objects;
            objects += 2;
        }
        addresses[next[group]++] = address;
    }
    return array;
}
