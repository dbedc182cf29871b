# SPDX-License-Identifier: MIT OR Apache-2.0
broker(pubsub SCHEMES pubsub CLIENTS CURL JANSSON SSL)
