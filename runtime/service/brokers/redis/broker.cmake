# SPDX-License-Identifier: MIT OR Apache-2.0
client(REDIS hiredis libhiredis0.14 libhiredis-dev)
broker(redis SCHEMES redis rediss redis+unix PATHS redis+unix CLIENTS REDIS)
broker_part(redis tls.c SSL "TLS of the broker redis")
