/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads of librdkafka in builds with ThreadSanitizer. It intercepts pthread functions, but not those of
 * threads.h. A thread that it does not know crashes in its first call of libc, and locks that it does not know
 * make races. Here the latter functions call the former; in glibc both have the same objects. */
#ifdef __SANITIZE_THREAD__

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

typedef struct begun {
    thrd_start_t run;
    void *arg;
} begun;

static void *run(void *arg)
{
    begun one = *(begun *)arg;
    free(arg);
    return (void *)(intptr_t)one.run(one.arg);
}

int thrd_create(thrd_t *out, thrd_start_t fn, void *arg)
{
    begun *one = malloc(sizeof *one);
    if (!one)
        return thrd_nomem;
    *one = (begun){fn, arg};
    if (!pthread_create(out, NULL, run, one))
        return thrd_success;
    free(one);
    return thrd_error;
}

/* The result of a pthread function. */
static int result(int error)
{
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int thrd_join(thrd_t thread, int *out)
{
    void *value = NULL;
    int error = pthread_join(thread, &value);
    if (out)
        *out = (int)(intptr_t)value;
    return result(error);
}

int mtx_lock(mtx_t *lock)
{
    return result(pthread_mutex_lock((pthread_mutex_t *)lock));
}

int mtx_unlock(mtx_t *lock)
{
    return result(pthread_mutex_unlock((pthread_mutex_t *)lock));
}

int cnd_signal(cnd_t *condition)
{
    return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *lock)
{
    return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)lock));
}

int cnd_timedwait(cnd_t *condition, mtx_t *lock, const struct timespec *until)
{
    return result(
        pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)lock, until));
}

#else
typedef int kafka_threads_are_known; /* no empty file */
#endif
