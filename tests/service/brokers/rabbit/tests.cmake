# SPDX-License-Identifier: MIT OR Apache-2.0
broker_tests(PkgConfig::RABBIT)
list(APPEND long_tests ${broker_test_programs})
foreach(test ${broker_test_programs}) # each with a server of its own, which takes a core to start
  list(APPEND properties_${test} RESOURCE_LOCK rabbit TIMEOUT 300)
endforeach()
