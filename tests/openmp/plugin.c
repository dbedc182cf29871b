/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * OpenMP that comes by dlopen, as in extensions of Python. As plug-in it has parallel regions; with HOST it is a program
 * without OpenMP that loads the libraries named on its command line, calls the last one's `sum` on two threads, and
 * unloads it. Both are here since they share nothing but that name. */
#ifdef HOST

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum { COUNT = 100000 };

static void *call(void *sum)
{
    long (*const function)(long) = (long (*)(long))sum;
    return (void *)function(COUNT);
}

int main(int argc, char **argv)
{
    void *library = NULL;
    for (int i = 1; i < argc; i++) {
        library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
        if (!library)
            return fprintf(stderr, "%s\n", dlerror()), 1;
    }
    void *sum = dlsym(library, "sum"), *here, *there = NULL;
    pthread_t other;
    if (!sum || pthread_create(&other, NULL, call, sum))
        return 1;
    here = call(sum);
    pthread_join(other, &there);
    dlclose(library);
    printf("%ld %ld\n", (long)here, (long)there);
    return 0;
}

#else

long sum(long count)
{
    long total = 0;
#pragma omp parallel for schedule(dynamic, 100) reduction(+ : total)
    for (long i = 0; i < count; i++)
        total += i;
    return total;
}

#endif
