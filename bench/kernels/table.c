/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../peers/peer.h"
#include "rows.h"

#include <string.h>

#ifdef PEERS_HAVE_OPENMP_CLANG
#define DECLARE_CLANG(name) extern const kernel name##_filch_clang;
#define BY_CLANG(name) &name##_filch_clang
#else
#define DECLARE_CLANG(name)
#define BY_CLANG(name) NULL
#endif
#define DECLARE_PAR(name) DECLARE_CLANG(name) extern const kernel name##_serial, name##_filch;
#define DECLARE(name) DECLARE_PAR(name) extern const kernel name##_handpool;
#define ENTRY(name) {{&name##_serial, &name##_filch, &name##_handpool, BY_CLANG(name)}},
#define ENTRY_PAR(name) {{&name##_serial, &name##_filch, NULL, BY_CLANG(name)}},

ROWS(DECLARE)
PAR_ROWS(DECLARE_PAR)

const kernel_row kernels[] = {ROWS(ENTRY) PAR_ROWS(ENTRY_PAR)};
const size_t kernel_count = sizeof kernels / sizeof kernels[0];

const kernel_row *kernel_find(const char *name)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].column[KERNEL_SERIAL]->name, name) == 0)
            return &kernels[i];
    return NULL;
}

bool kernel_in(const kernel_row *row, enum kernel_column as, const peer_row *p, kernel *out)
{
    if (as != KERNEL_PEER) {
        if (row->column[as])
            *out = *row->column[as];
        return row->column[as] != NULL;
    }
    const kernel *serial = row->column[KERNEL_SERIAL];
    for (const kernel *const *own = p->fork_join; own && *own; own++)
        if (strcmp((*own)->name, serial->name) == 0) {
            *out = **own;
            return true;
        }
    for (const peer_kernel *known = p->peer->kernels; known->name; known++) {
        if (strcmp(known->name, serial->name) != 0)
            continue;
        *out = *serial;
        out->run = known->run;
        return true;
    }
    return false;
}

bool kernel_answer_is_right(const kernel_run *run)
{
    return !run->size->answer || run->answer == run->size->answer;
}
