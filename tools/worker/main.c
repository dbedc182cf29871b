/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch-worker: a service without handlers of its own. The configuration names ready-made ones. Its
 * options are in runtime/service/program/keys.c. */
#include <filch/service_main.h>

int main(int argc, char **argv)
{
    return filch_service_main(argc, argv, NULL, 0);
}
