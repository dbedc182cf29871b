/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Critical regions, and atomic constructs that the processor cannot do. The word that gcc sets
 * aside for each name is the lock itself. */
#include <runtime/openmp/locks.h>

#include <runtime/openmp/abi_locks.h>

static filch_u32 unnamed, atomics;

void GOMP_critical_start(void)
{
    fl_omp_lock(&unnamed, "a critical region");
}

void GOMP_critical_end(void)
{
    fl_omp_unlock(&unnamed);
}

/* gcc gives each name a pointer that begins as NULL. */
static filch_u32 *word_of(void **name)
{
    return (filch_u32 *)(void *)name;
}

void GOMP_critical_name_start(void **name)
{
    fl_omp_lock(word_of(name), "a critical region");
}

void GOMP_critical_name_end(void **name)
{
    fl_omp_unlock(word_of(name));
}

void GOMP_atomic_start(void)
{
    fl_omp_lock(&atomics, "an atomic construct");
}

void GOMP_atomic_end(void)
{
    fl_omp_unlock(&atomics);
}
