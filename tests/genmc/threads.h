/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The frame of the programs: each has `begin`, some threads, and `end`, whose assertions hold in
 * every execution. */
#ifndef THREADS_H
#define THREADS_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define THREADS(begin, end, ...)                                                                   \
    int main(void)                                                                                 \
    {                                                                                              \
        static void *(*const body[])(void *) = {__VA_ARGS__};                                      \
        pthread_t thread[sizeof body / sizeof body[0]];                                            \
        begin();                                                                                   \
        for (unsigned i = 0; i < sizeof body / sizeof body[0]; i++)                                \
            pthread_create(&thread[i], NULL, body[i], NULL);                                       \
        for (unsigned i = 0; i < sizeof body / sizeof body[0]; i++)                                \
            pthread_join(thread[i], NULL);                                                         \
        end();                                                                                     \
        return 0;                                                                                  \
    }

#endif
