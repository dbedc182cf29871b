/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "peer.h"

#include <string.h>

#ifdef PEERS_HAVE_TBB
extern const peer peer_tbb;
#define TBB &peer_tbb
#else
#define TBB NULL
#endif

#ifdef PEERS_HAVE_OPENMP
extern const peer peer_openmp;
#define OPENMP &peer_openmp
#else
#define OPENMP NULL
#endif

#ifdef PEERS_HAVE_GCC_PARALLEL
extern const peer peer_gcc_parallel;
#define GCC_PARALLEL &peer_gcc_parallel
#else
#define GCC_PARALLEL NULL
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
