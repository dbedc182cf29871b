/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/names.h>

#include <runtime/platform/symbol.h>

#include <stdlib.h>

bool fl_omp_names;
fl_omp_fn *(*fl_omp_stands_for)(fl_omp_fn *fn);

typedef struct named {
    filch_task task;
    const filch_task *kind;
    fl_omp_fn *fn;
    char text[FL_SYMBOL_NAME];
} named;

enum { ROOM = 4096 }; /* a power of two; further functions share the common name */

static filch_ptr places[ROOM];

static named *name(const filch_task *kind, fl_omp_fn *fn)
{
    named *it = malloc(sizeof *it);
    if (!it)
        return NULL;
    *it = (named){{.run = kind->run, .name = it->text}, kind, fn, ""};
    fl_symbol_and_place(it->text, (const void *)(uintptr_t)fn);
    return it;
}

const filch_task *fl_omp_named(const filch_task *kind, fl_omp_fn *fn)
{
    if (fl_omp_stands_for && !(fn = fl_omp_stands_for(fn)))
        return kind;
    const uint64_t hash = ((uintptr_t)fn ^ (uintptr_t)kind << 20) * UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned i = 0; i < ROOM; i++) {
        filch_ptr *place = &places[((hash >> 40) + i) % ROOM];
        named *there = filch_ptr_load(place, FILCH_ACQUIRE); /* FindTask */
        if (!there) {
            named *new = name(kind, fn);
            void *none = NULL;
            if (!new || filch_ptr_cas(place, &none, new, FILCH_RELEASE)) /* InsertTask */
                return new ? &new->task : kind;
            free(new);
            there = filch_ptr_load(place, FILCH_ACQUIRE); /* FindTask */
        }
        if (there->fn == fn && there->kind == kind)
            return &there->task;
    }
    return kind;
}
