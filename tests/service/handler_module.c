/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The example of a handler module, with further symbols that a service refuses. */
#include <docs/examples/worker/greet.c>

static int refuse(const char *type, void **arg)
{
    return filch_error_set(-EINVAL, "refused by its open");
}

FILCH_API const filch_handler_module old_handler = {.size = sizeof old_handler, .fn = greet};
FILCH_API const filch_handler_module short_handler = {.abi = FILCH_HANDLER_MODULE_ABI, .size = 8};
FILCH_HANDLER_MODULE(empty_handler, .fn = NULL);
FILCH_HANDLER_MODULE(refusing_handler, .fn = greet, .open = refuse);
