# SPDX-License-Identifier: MIT OR Apache-2.0
# The libraries and options that tests of libfilch-service need.

# service_tests(TARGET NAME...): tests of libfilch-service that also need TARGET.
macro(service_tests target)
  foreach(test ${ARGN})
    set(needs_test_${test} ${target})
    set(options_test_${test} filch_service_static)
  endforeach()
endmacro()
service_tests(filch_service_static service service_drain service_leases service_options service_faults
              service_records service_main envelope civil cron periodic memory_broker trial_handlers handler_command
              handler_module)
service_tests(PkgConfig::JANSSON configuration handler_table refused_configuration)
service_tests(PkgConfig::JANSSON handler_coprocess)
service_tests(PkgConfig::CURL handler_http)
service_tests(PkgConfig::MICROHTTPD service_http)
service_tests(PkgConfig::CURL service_otlp)
service_tests(PkgConfig::SQLITE sqlite_broker fleet_sqlite periodic_sqlite)
if(NOT JANSSON_FOUND)
  service_tests(PkgConfig::JANSSON service_http service_otlp)
endif()
list(APPEND options_test_service_http PkgConfig::JANSSON)
list(APPEND options_test_service_otlp PkgConfig::JANSSON)
if(REDIS_FOUND)
  add_library(server_clock MODULE support/server_clock.c) # preloaded, so without sanitizers
  target_include_directories(server_clock PRIVATE ${PROJECT_SOURCE_DIR}/include)
  add_library(redis_server INTERFACE)
  add_dependencies(redis_server server_clock)
  target_compile_definitions(redis_server INTERFACE SERVER_CLOCK="$<TARGET_FILE:server_clock>"
                             $<$<BOOL:${SSL_FOUND}>:FILCH_HAVE_SSL>)
  target_link_libraries(redis_server INTERFACE filch_service_static PkgConfig::REDIS)
endif()
service_tests(redis_server redis_broker redis_server redis_tls fleet_redis periodic_redis)
service_tests(PkgConfig::POSTGRES postgres_broker postgres_faults fleet_postgres periodic_postgres)
service_tests(PkgConfig::RABBIT rabbit_broker rabbit_faults fleet_rabbit)
service_tests(PkgConfig::NATS nats_broker nats_refusals fleet_nats)
list(APPEND options_test_service_faults -Wl,--wrap=fl_broker_of)
list(APPEND options_test_periodic -Wl,--wrap=fl_broker_of)
list(APPEND options_test_refused_configuration -Wl,--wrap=calloc,--wrap=free,--wrap=fmemopen)
list(APPEND options_test_handler_module -rdynamic) # for the module
