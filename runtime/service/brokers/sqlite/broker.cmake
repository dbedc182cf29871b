# SPDX-License-Identifier: MIT OR Apache-2.0
client(SQLITE sqlite3 libsqlite3-0 libsqlite3-dev)
broker(sqlite SCHEMES sqlite PATHS sqlite CLIENTS SQLITE)
