#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The example in Rust is built by the command in its first lines, and its output is right. Its declarations are those of the headers.
. "$FILCH_SOURCE/tests/consumer/scratch.sh"
rustc=$(command -v /usr/bin/rustc rustc | head -n 1)
[ "$rustc" ] || { echo "rustc not found (Debian: rustc)"; exit 77; }
install_library
cp "$FILCH_SOURCE"/docs/examples/rust/*.rs .
if [ "${PYTHON-}" ]; then
    "$PYTHON" "$FILCH_SOURCE/tools/python/declare_rust.py" --compiler "$CC" | diff filch.rs - ||
        { echo "docs/examples/rust/filch.rs is out of date: run tools/python/declare_rust.py --write"; exit 1; }
fi
"$rustc" -O -D warnings example.rs -L "$(pkg-config --variable=libdir filch)"
./example >output
diff output - <<'END'
fib(25) = 75025
values[99999] = 199998
fib(20) = 6765
jobs = 1000
END
