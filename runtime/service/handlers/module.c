/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `module`: a function of a shared object (<filch/service_main.h>). */
#include <runtime/service/handlers/handlers.h>

#include <runtime/service/modules.h>

#include <filch/service_main.h>

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct module {
    filch_handler_module is; /* a copy, with zero bytes for fields that it lacks */
    void *arg;
} module;

static int check_file(const char *path)
{
    const char *why;
    int rc = fl_object_check(path, &why);
    return rc ? filch_error_set(rc, "handler module %.150s %s", path, why) : 0;
}

/* ---- Its struct ---- */

static int check_struct(const char *path, const char *symbol, const filch_handler_module *has)
{
    if (!has)
        return filch_error_set(-ENOENT, "handler module %.120s has no symbol '%.60s'", path,
                               symbol);
    if (has->abi != FILCH_HANDLER_MODULE_ABI)
        return filch_error_set(-ENOTSUP, "handler module %.120s has ABI %u (valid: %d); rebuild it",
                               path, has->abi, FILCH_HANDLER_MODULE_ABI);
    if (has->size < offsetof(filch_handler_module, open) || !has->fn)
        return filch_error_set(-EINVAL, "handler module %.120s: '%.60s' has no function", path,
                               symbol);
    return 0;
}

static int load(module *one, const char *path, const char *symbol)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return filch_error_set(-ENOEXEC, "handler module not loaded: %.200s", dlerror());
    const filch_handler_module *has = dlsym(object, symbol);
    int rc = check_struct(path, symbol, has);
    if (rc) {
        dlclose(object);
        return rc;
    }
    memcpy(&one->is, has, has->size < sizeof one->is ? has->size : sizeof one->is);
    return 0; /* it stays loaded: threads that it has started may run in it until the end */
}

/* ---- The kind ---- */

static int call(filch_self self, filch_service_job *job, void *arg)
{
    const module *one = arg;
    return one->is.fn(self, job, one->arg);
}

static int open_module(module *one, const filch_handler *handler, const fl_handler_spec *spec)
{
    const char *path = spec->words ? spec->words[0] : NULL;
    const char *symbol = path && spec->words[1] ? spec->words[1] : "filch_module";
    if (!path)
        return filch_error_set(-EINVAL, "module lacks its file (words: an absolute path "
                                        "and, unless it is filch_module, a symbol)");
    int rc = check_file(path);
    if (!rc)
        rc = load(one, path, symbol);
    if (!rc && one->is.open)
        rc = one->is.open(handler->type, &one->arg);
    return rc;
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    module *one = calloc(1, sizeof *one);
    int rc = one ? open_module(one, handler, spec)
                 : filch_error_set(-ENOMEM, "no memory for handler 'module'");
    if (rc) {
        free(one);
        return rc;
    }
    handler->fn = call;
    handler->arg = one;
    handler->thread = handler->thread || one->is.thread;
    return 0;
}

static void unmake(filch_handler *handler)
{
    module *one = handler->arg;
    if (one->is.close)
        one->is.close(one->arg);
    free(one);
}

const fl_handler_kind fl_handler_module = {.name = "module",
                                           .words = "FILE [SYMBOL]",
                                           .make = make,
                                           .unmake = unmake};
