/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The names that gfortran calls: with a final _ where integers have 4 bytes, _8_ where they have 8.
 * Arguments come by reference; the lengths of texts come last, by value. Locks are in locks.c. */
#include <runtime/openmp/query.h>

#include <runtime/openmp/abi.h>
#include <runtime/openmp/affinity.h>
#include <runtime/openmp/memory.h>

#include <limits.h>

/* Declared where they are defined: only compiled Fortran calls them. */
#define ENTRY(result, name, ...)                                                                   \
    FL_OMP_API result name(__VA_ARGS__);                                                           \
    result name(__VA_ARGS__)

static int to_int(int64_t value)
{
    return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

/* ---- Families ---- */

#define GETTER(name)                                                                               \
    ENTRY(int32_t, omp_##name##_, void)                                                            \
    {                                                                                              \
        return omp_##name();                                                                       \
    }
#define SETTER(name)                                                                               \
    ENTRY(void, omp_##name##_, const int32_t *value)                                               \
    {                                                                                              \
        omp_##name(*value);                                                                        \
    }                                                                                              \
    ENTRY(void, omp_##name##_8_, const int64_t *value)                                             \
    {                                                                                              \
        omp_##name(to_int(*value));                                                                \
    }
#define LOOKUP(name)                                                                               \
    ENTRY(int32_t, omp_##name##_, const int32_t *of)                                               \
    {                                                                                              \
        return omp_##name(*of);                                                                    \
    }                                                                                              \
    ENTRY(int32_t, omp_##name##_8_, const int64_t *of)                                             \
    {                                                                                              \
        return omp_##name(to_int(*of));                                                            \
    }
FL_OMP_GETTERS(GETTER)
FL_OMP_SETTERS(SETTER)
FL_OMP_LOOKUPS(LOOKUP)

/* ---- Time and schedules ---- */

ENTRY(double, omp_get_wtime_, void)
{
    return omp_get_wtime();
}

ENTRY(double, omp_get_wtick_, void)
{
    return omp_get_wtick();
}

ENTRY(void, omp_set_schedule_, const int32_t *kind, const int32_t *chunk)
{
    omp_set_schedule((unsigned)*kind, *chunk);
}

ENTRY(void, omp_set_schedule_8_, const int32_t *kind, const int64_t *chunk)
{
    omp_set_schedule((unsigned)*kind, to_int(*chunk));
}

ENTRY(void, omp_get_schedule_, int32_t *kind, int32_t *chunk)
{
    omp_get_schedule((unsigned *)kind, chunk);
}

ENTRY(void, omp_get_schedule_8_, int32_t *kind, int64_t *chunk)
{
    int narrow;
    omp_get_schedule((unsigned *)kind, &narrow);
    *chunk = narrow;
}

/* ---- Places ---- */

ENTRY(void, omp_get_place_proc_ids_, const int32_t *place, int32_t *ids)
{
    omp_get_place_proc_ids(*place, ids);
}

ENTRY(void, omp_get_partition_place_nums_, int32_t *places)
{
    omp_get_partition_place_nums(places);
}

/* The array has 8-byte elements: `count` numbers are written to its beginning, then spread out. */
static void widen(int64_t *array, int count)
{
    for (int i = count; i-- > 0;) {
        int32_t narrow;
        memcpy(&narrow, (char *)array + (size_t)i * sizeof narrow, sizeof narrow);
        array[i] = narrow;
    }
}

ENTRY(void, omp_get_place_proc_ids_8_, const int64_t *place, int64_t *ids)
{
    const int number = to_int(*place);
    omp_get_place_proc_ids(number, (void *)ids);
    widen(ids, omp_get_place_num_procs(number));
}

ENTRY(void, omp_get_partition_place_nums_8_, int64_t *places)
{
    omp_get_partition_place_nums((void *)places);
    widen(places, omp_get_partition_num_places());
}

/* ---- Affinity formats ---- */

/* The caller frees it. */
static char *c_text(const char *text, size_t length)
{
    char *copy = fl_omp_allocate(length + 1);
    memcpy(copy, text, length);
    return copy;
}

/* With spaces up to the end of Fortran's variable. */
static size_t fortran_text(char *to, size_t size, const char *text)
{
    const size_t length = strlen(text), fits = length < size ? length : size;
    if (size) {
        memcpy(to, text, fits);
        memset(to + fits, ' ', size - fits);
    }
    return length;
}

ENTRY(void, omp_set_affinity_format_, const char *format, size_t length)
{
    char *text = c_text(format, length);
    omp_set_affinity_format(text);
    free(text);
}

ENTRY(int32_t, omp_get_affinity_format_, char *text, size_t size)
{
    return (int32_t)fortran_text(text, size, fl_omp_affinity_format());
}

ENTRY(void, omp_display_affinity_, const char *format, size_t length)
{
    char *text = c_text(format, length);
    omp_display_affinity(text);
    free(text);
}

ENTRY(int32_t, omp_capture_affinity_, char *to, const char *format, size_t size, size_t length)
{
    char *text = c_text(format, length), *whole = fl_omp_affinity_text(text);
    const size_t written = fortran_text(to, size, whole);
    free(whole);
    free(text);
    return (int32_t)written;
}

/* ---- Devices, allocators, events ---- */

ENTRY(int32_t, omp_pause_resource_, const int32_t *kind, const int32_t *device)
{
    return omp_pause_resource(*kind, *device);
}

ENTRY(int32_t, omp_pause_resource_all_, const int32_t *kind)
{
    return omp_pause_resource_all(*kind);
}

ENTRY(uintptr_t, omp_init_allocator_, const uintptr_t *space, const int32_t *count,
      const fl_omp_trait *traits)
{
    return omp_init_allocator(*space, *count, traits);
}

ENTRY(uintptr_t, omp_init_allocator_8_, const uintptr_t *space, const int64_t *count,
      const fl_omp_trait *traits)
{
    return omp_init_allocator(*space, to_int(*count), traits);
}

ENTRY(void, omp_destroy_allocator_, const uintptr_t *allocator)
{
    omp_destroy_allocator(*allocator);
}

ENTRY(void, omp_set_default_allocator_, const uintptr_t *allocator)
{
    omp_set_default_allocator(*allocator);
}

ENTRY(uintptr_t, omp_get_default_allocator_, void)
{
    return omp_get_default_allocator();
}

/* The event is passed by value. */
ENTRY(void, omp_fulfill_event_, uintptr_t event)
{
    omp_fulfill_event(event);
}
