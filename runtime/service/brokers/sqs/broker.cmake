# SPDX-License-Identifier: MIT OR Apache-2.0
broker(sqs SCHEMES sqs sqs+http PATHS sqs CLIENTS CURL JANSSON CRYPTO)
