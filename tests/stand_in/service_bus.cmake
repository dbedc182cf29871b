# SPDX-License-Identifier: MIT OR Apache-2.0
# service_bus_server: the stand-in for Azure Service Bus, for tests and bars that include tests/support/service_bus.h.
include_guard(GLOBAL)
if(PROTON_FOUND AND PROTON_CRYPTO_FOUND)
  file(GLOB stand_in CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/service_bus*.c)
  add_executable(service_bus EXCLUDE_FROM_ALL ${stand_in})
  target_include_directories(service_bus PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(service_bus PRIVATE filch_build PkgConfig::PROTON PkgConfig::PROTON_CRYPTO)
  add_library(service_bus_server INTERFACE)
  add_dependencies(service_bus_server service_bus)
  target_compile_definitions(service_bus_server INTERFACE SERVICE_BUS="$<TARGET_FILE:service_bus>")
  target_link_libraries(service_bus_server INTERFACE filch_service_static PkgConfig::PROTON)
endif()
