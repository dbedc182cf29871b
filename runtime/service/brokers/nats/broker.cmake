# SPDX-License-Identifier: MIT OR Apache-2.0
client(NATS libnats libnats3.4 libnats-dev)
broker(nats SCHEMES nats nats+tls CLIENTS NATS)
