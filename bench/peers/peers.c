/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "peer.h"

#include "../kernels/rows.h"

#include <string.h>

#define DECLARE_TBB(name) extern const kernel name##_tbb;
#define ENTRY_TBB(name) &name##_tbb,
#ifdef PEERS_HAVE_TBB
extern const peer peer_tbb;
TBB_ROWS(DECLARE_TBB)
static const kernel *const tbb_kernels[] = {TBB_ROWS(ENTRY_TBB) NULL};
#define TBB &peer_tbb, tbb_kernels
#else
#define TBB NULL, NULL
#endif

#define DECLARE_OPENMP(name) extern const kernel name##_openmp;
#define ENTRY_OPENMP(name) &name##_openmp,
#ifdef PEERS_HAVE_OPENMP
extern const peer peer_openmp;
ROWS(DECLARE_OPENMP)
static const kernel *const openmp_kernels[] = {ROWS(ENTRY_OPENMP) NULL};
#define OPENMP &peer_openmp, openmp_kernels
#else
#define OPENMP NULL, NULL
#endif

#ifdef PEERS_HAVE_GCC_PARALLEL
extern const peer peer_gcc_parallel;
#define GCC_PARALLEL &peer_gcc_parallel, NULL
#else
#define GCC_PARALLEL NULL, NULL
#endif

const peer_row peers[] = {
    {"tbb", "oneTBB", "a C++ compiler and oneTBB (Debian: g++, libtbb-dev)", TBB},
    {"openmp", "OpenMP", "a compiler with OpenMP", OPENMP},
    {"gcc-parallel", "gcc's parallel mode", "g++ with OpenMP", GCC_PARALLEL},
};
const size_t peer_count = sizeof peers / sizeof peers[0];

const peer_row *peer_find(const char *name)
{
    for (size_t i = 0; i < peer_count; i++)
        if (strcmp(peers[i].name, name) == 0)
            return &peers[i];
    return NULL;
}
