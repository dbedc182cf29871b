# SPDX-License-Identifier: MIT OR Apache-2.0
set(CMAKE_SYSTEM_PROCESSOR riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
