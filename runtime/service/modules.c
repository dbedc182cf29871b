/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/modules.h>

#include <runtime/service/object.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct module {
    struct module *next;
    fl_module_name name;
    fl_broker_kind kind; /* a copy, with zero bytes for functions that it lacks */
} module;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static module *modules; /* under the lock; never removed */

FILCH_PRINTF(2, 3)
static int refuse(const char *path, const char *format, ...)
{
    char reason[160];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    return filch_error_set(-EINVAL, "cannot load broker: %.100s (%s", path, reason);
}

static int check_kind(const char *path, const fl_broker_kind *kind)
{
    if (kind->abi != FL_BROKER_ABI)
        return refuse(path, "ABI %u, valid: %d); build it anew", kind->abi, FL_BROKER_ABI);
    if (kind->size < offsetof(fl_broker_kind, publish) + sizeof kind->publish || !kind->name ||
        !kind->schemes || !kind->open || !kind->close || !kind->receive || !kind->settle ||
        !kind->publish)
        return refuse(path, "it lacks open, close, receive, settle or publish, its name or its "
                            "schemes); add them");
    return 0;
}

/* Functions that capabilities promise. */
static const struct {
    size_t cap, function;
    const char *cap_name, *name;
} promised[] = {
#define PROMISED(cap, function)                                                                    \
    {                                                                                              \
        offsetof(fl_broker_kind, caps.cap), offsetof(fl_broker_kind, function), #cap, #function    \
    }
    PROMISED(counts, count),   PROMISED(peek, peek),    PROMISED(cancel, cancel),
    PROMISED(pause, pause),    PROMISED(stop, stop),    PROMISED(stop, stopped),
    PROMISED(extends, extend), PROMISED(records, note), PROMISED(records, record),
};

/* kind: with zero bytes for functions that the module lacks. */
static int check_promises(const char *path, const fl_broker_kind *kind)
{
    const char *at = (const char *)kind;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        void (*function)(void);
        memcpy(&function, at + promised[i].function, sizeof function);
        if (*(const bool *)(at + promised[i].cap) && !function)
            return refuse(path, "capability '%s' without function '%s'); add it",
                          promised[i].cap_name, promised[i].name);
    }
    return 0;
}

/* Why dlopen has failed, without the path. */
static const char *reason_of(const char *path)
{
    const char *said = dlerror();
    size_t length = strlen(path);
    return strncmp(said, path, length) == 0 && strncmp(said + length, ": ", 2) == 0
               ? said + length + 2
               : said;
}

/* Loads the file into *out. Under the lock. */
static int load(fl_broker_kind *out, const char *path, const char *advice)
{
    const char *why;
    if (fl_object_check(path, &why))
        return refuse(path, "%s); change that", why);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return refuse(path, "%.90s)%s", reason_of(path), advice);
    const fl_broker_kind *const *symbol = dlsym(object, FL_BROKER_MODULE);
    int rc = symbol && *symbol ? check_kind(path, *symbol)
                               : refuse(path, "it has no symbol %s); export it", FL_BROKER_MODULE);
    if (!rc) {
        memcpy(out, *symbol, (*symbol)->size < sizeof *out ? (*symbol)->size : sizeof *out);
        rc = check_promises(path, out);
    }
    if (rc)
        dlclose(object);
    return rc;
}

static const module *find(const char *name)
{
    for (const module *one = modules; one; one = one->next)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

/* Under the lock. */
static const module *add(const char *name, const char *path, const char *advice)
{
    module *one = calloc(1, sizeof *one);
    if (!one)
        filch_error_set(-EINVAL, "no memory for a broker; free some");
    if (!one || load(&one->kind, path, advice)) {
        free(one);
        return NULL;
    }
    snprintf(one->name, sizeof one->name, "%s", name);
    one->next = modules;
    modules = one;
    return one;
}

const fl_broker_kind *fl_module_load(const char *name, const char *path, const char *advice)
{
    pthread_mutex_lock(&lock);
    const module *one = find(name);
    if (!one)
        one = add(name, path, advice);
    pthread_mutex_unlock(&lock);
    return one ? &one->kind : NULL;
}
