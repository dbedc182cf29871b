# SPDX-License-Identifier: MIT OR Apache-2.0
client(POSTGRES libpq libpq5 libpq-dev)
broker(postgres SCHEMES postgres postgresql CLIENTS POSTGRES)
