# SPDX-License-Identifier: MIT OR Apache-2.0
# Client libraries, each optional, and the brokers that need them. A broker is a folder of brokers/ with a file broker.cmake.

# client(NAME MODULE PACKAGE HEADERS): the library that pkg-config calls MODULE, as PkgConfig::NAME and FILCH_HAVE_NAME;
# Debian's package of it, and the one to build with. A newer release of Debian has another number in PACKAGE.
macro(client name module package headers)
  list(APPEND client_names ${name})
  set(client_module_${name} ${module})
  set(client_package_${name} ${package})
  set(client_headers_${name} ${headers})
  pkg_check_modules(${name} IMPORTED_TARGET GLOBAL ${module})
  if(${name}_FOUND)
    list(APPEND pc_clients ${module})
    string(APPEND config_clients "pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})\n")
    # Debian's libqpid-proton.pc names a folder that does not exist, which CMake refuses.
    get_target_property(folders PkgConfig::${name} INTERFACE_INCLUDE_DIRECTORIES)
    foreach(folder ${folders})
      if(NOT EXISTS ${folder})
        set_property(TARGET PkgConfig::${name} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "")
      endif()
    endforeach()
  endif()
endmacro()

# That client is missing, so the library is built without PART.
macro(without_client name part)
  message(STATUS "${client_module_${name}} not found: libfilch-service is built without ${part} (Debian: ${client_headers_${name}})")
endmacro()

# core_part(NAME PART EXPRESSION...): the sources of the core that need that client.
macro(core_part name part)
  if(${name}_FOUND)
    list(APPEND core_clients PkgConfig::${name})
  else()
    without_client(${name} "${part}")
    foreach(expression ${ARGN})
      list(FILTER service_sources EXCLUDE REGEX "${expression}")
    endforeach()
  endif()
endmacro()

# broker(NAME [MODULE M] SCHEMES S... CLIENTS C...): brokers/NAME, which exports fl_broker_NAME; its module is filch-broker-M.so
# (default NAME). It is built if all its clients are there, with the schemes of its URLs as FL_BROKER_SCHEMES. brokers.c knows it in
# any case, by generated/known_brokers.h.
macro(broker name)
  cmake_parse_arguments(broker "" MODULE "SCHEMES;CLIENTS" ${ARGN})
  set(broker_module_${name} ${name})
  if(broker_MODULE)
    set(broker_module_${name} ${broker_MODULE})
  endif()
  set(broker_is_built TRUE)
  set(broker_packages "")
  set(broker_headers "")
  foreach(needed ${broker_CLIENTS})
    list(APPEND broker_packages ${client_package_${needed}})
    list(APPEND broker_headers ${client_headers_${needed}})
    list(APPEND broker_clients_${name} PkgConfig::${needed})
    if(NOT ${needed}_FOUND)
      set(broker_is_built FALSE)
      without_client(${needed} "the broker ${broker_module_${name}}")
    endif()
  endforeach()
  list(JOIN broker_SCHEMES " " broker_schemes_${name})
  list(JOIN broker_packages " " broker_packages)
  list(JOIN broker_headers ", " broker_headers)
  string(REGEX REPLACE "(.*), " "\\1 and " broker_headers "${broker_headers}")
  string(APPEND known_brokers "{\"${broker_schemes_${name}}\", \"${broker_module_${name}}\", \"${broker_packages}\", \"${broker_headers}\"},\n")
  if(broker_is_built)
    file(GLOB broker_sources_${name} CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/brokers/${name}/*.c)
    list(APPEND brokers ${name})
    string(APPEND built_brokers "&fl_broker_${name},\n")
  endif()
endmacro()

# broker_part(NAME SOURCE CLIENT PART): a source of that broker which needs one client more.
macro(broker_part name source client part)
  if(${client}_FOUND)
    list(APPEND broker_clients_${name} PkgConfig::${client})
  else()
    without_client(${client} "${part}")
    list(FILTER broker_sources_${name} EXCLUDE REGEX "/${source}$")
  endif()
endmacro()
