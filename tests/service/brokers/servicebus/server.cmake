# SPDX-License-Identifier: MIT OR Apache-2.0
if(PROTON_FOUND AND CRYPTO_FOUND)
  stand_in(service_bus PkgConfig::PROTON PkgConfig::CRYPTO)
endif()
