/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "micro.h"

int main(int argc, char **argv)
{
    register_forkjoin();
    register_steal();
    register_outside();
    register_life();
    register_scopes();
    register_calls();
    return shim_main(argc, argv);
}
