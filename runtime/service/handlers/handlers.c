/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/handlers.h>

#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

const fl_handler_kind *const fl_handler_kinds[] = {
    &fl_handler_command, &fl_handler_coprocess, &fl_handler_echo,  &fl_handler_fail,
#ifdef FILCH_HAVE_CRYPTO
    &fl_handler_hash,
#endif
    &fl_handler_http,    &fl_handler_module,    &fl_handler_sleep, NULL,
};

const fl_handler_kind *fl_handler_kind_of(const char *name)
{
    char valid[256] = "";
    for (unsigned i = 0; fl_handler_kinds[i]; i++) {
        const char *has = fl_handler_kinds[i]->name;
        if (strcmp(name, has) == 0)
            return fl_handler_kinds[i];
        size_t used = strlen(valid);
        snprintf(valid + used, sizeof valid - used, "%s%s", i ? ", " : "", has);
    }
    filch_error_set(-EINVAL, "unknown handler '%.32s' (valid: %s)", name, valid);
    return NULL;
}
