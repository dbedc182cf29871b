# SPDX-License-Identifier: MIT OR Apache-2.0
client(KAFKA rdkafka librdkafka1 librdkafka-dev)
broker(kafka SCHEMES kafka kafka+tls CLIENTS KAFKA)
