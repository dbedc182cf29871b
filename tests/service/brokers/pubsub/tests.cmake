# SPDX-License-Identifier: MIT OR Apache-2.0
set(line_of_pubsub "needs pubsub_server; long in asan")
