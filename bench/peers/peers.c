/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "peer.h"

#include "../kernels/rows.h"

#include <string.h>

#define NOT_BUILT NULL, NULL

#ifdef PEERS_HAVE_TBB
#define DECLARE_TBB(name) extern const kernel name##_tbb;
#define ENTRY_TBB(name) &name##_tbb,
extern const peer peer_tbb;
CPP_ROWS(DECLARE_TBB)
static const kernel *const tbb_kernels[] = {CPP_ROWS(ENTRY_TBB) NULL};
#define TBB &peer_tbb, tbb_kernels
#else
#define TBB NOT_BUILT
#endif

#ifdef PEERS_HAVE_OPENMP
#define DECLARE_OPENMP(name) extern const kernel name##_openmp;
#define ENTRY_OPENMP(name) &name##_openmp,
extern const peer peer_openmp;
ROWS(DECLARE_OPENMP)
static const kernel *const openmp_kernels[] = {ROWS(ENTRY_OPENMP) NULL};
#define OPENMP &peer_openmp, openmp_kernels
#else
#define OPENMP NOT_BUILT
#endif

#ifdef PEERS_HAVE_OPENMP_CLANG
#define DECLARE_OPENMP_CLANG(name) extern const kernel name##_openmp_clang;
#define ENTRY_OPENMP_CLANG(name) &name##_openmp_clang,
extern const peer peer_openmp_clang;
ROWS(DECLARE_OPENMP_CLANG)
static const kernel *const openmp_clang_kernels[] = {ROWS(ENTRY_OPENMP_CLANG) NULL};
#define OPENMP_CLANG &peer_openmp_clang, openmp_clang_kernels
#else
#define OPENMP_CLANG NOT_BUILT
#endif

#ifdef PEERS_HAVE_GCC_PARALLEL
extern const peer peer_gcc_parallel;
#define GCC_PARALLEL &peer_gcc_parallel, NULL
#else
#define GCC_PARALLEL NOT_BUILT
#endif

#ifdef PEERS_HAVE_ASYNC
#define DECLARE_ASYNC(name) extern const kernel name##_async;
#define ENTRY_ASYNC(name) &name##_async,
extern const peer peer_async;
CPP_ROWS(DECLARE_ASYNC)
static const kernel *const async_kernels[] = {CPP_ROWS(ENTRY_ASYNC) NULL};
#define ASYNC &peer_async, async_kernels
#else
#define ASYNC NOT_BUILT
#endif

enum { MOST_THREADS = 20000 }; /* 15 to 150 microseconds each */

const peer_row peers[] = {
    {"tbb", "oneTBB", "a C++ compiler and oneTBB (Debian: g++, libtbb-dev)", TBB, false, false, 0},
    {"openmp", "OpenMP", "a compiler with OpenMP", OPENMP, false, false, 0},
    {"openmp-on-filch", "OpenMP on Filch", "a compiler with OpenMP", OPENMP, false, true, 0},
    {"openmp-clang", "clang OpenMP", "gcc, and clang with its OpenMP (Debian: clang, libomp-dev)",
     OPENMP_CLANG, true, false, 0},
    {"gcc-parallel", "gcc parallel", "g++ with OpenMP", GCC_PARALLEL, false, false, 0},
    {"async", "thread per task", "a C++ compiler", ASYNC, false, false, MOST_THREADS},
};
const size_t peer_count = sizeof peers / sizeof peers[0];

const peer_row *peer_find(const char *name)
{
    for (size_t i = 0; i < peer_count; i++)
        if (strcmp(peers[i].name, name) == 0)
            return &peers[i];
    return NULL;
}
