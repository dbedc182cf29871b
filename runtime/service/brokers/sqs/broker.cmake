# SPDX-License-Identifier: MIT OR Apache-2.0
broker(sqs SCHEMES sqs sqs+http CLIENTS CURL JANSSON CRYPTO)
