#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The wheel is built without network access, installed into a virtual environment, and used there without a compiler. So is the
# component that Debian's package has.
. "$FILCH_SOURCE/tests/consumer/scratch.sh"
program='import filch, array; v = array.array("i", [3, 1, 2]); filch.sort(v)
with filch.Executor(1) as pool: print(filch.__version__, list(v), pool.submit(pow, 2, 3).result())'
version=$("$PYTHON" "$FILCH_SOURCE/tools/python/declare.py" --version)
expected="$version [1, 2, 3] 8"

# check WORDS...: runs the program by that interpreter, without programs on PATH.
check() {
    local printed
    printed=$(env -i "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" PATH=/nonexistent /usr/bin/env "$@" -c "$program" 2>&1) || true
    [ "$printed" = "$expected" ] || { echo "$1 printed '$printed', not '$expected'"; exit 1; }
}

# quietly COMMAND...: its output only if it fails.
quietly() {
    "$@" >log 2>&1 || { echo "failed: $*" && cat log; exit 1; }
}

mkdir -p tree/tools && cp -R "$FILCH_SOURCE/tools/python" tree/tools && cp -R "$FILCH_SOURCE/include" tree
for module in pip wheel setuptools venv; do
    "$PYTHON" -c "import $module" 2>/dev/null || { echo "$module not found (Debian: python3-$module)"; exit 77; }
done
quietly "$PYTHON" -m pip wheel --no-index --no-build-isolation --no-deps --wheel-dir wheels tree/tools/python
[ -f "wheels/filch-$version-py3-none-any.whl" ] || { echo "no wheel of that name:" && ls wheels; exit 1; }
quietly "$PYTHON" -m venv --without-pip --system-site-packages environment
quietly env -u PYTHONPATH environment/bin/python -m pip install --no-index --no-deps wheels/*.whl
check environment/bin/python

quietly cmake --install "$FILCH_BUILD" --component python --prefix "$prefix"
[ -f "$prefix/lib/python3/dist-packages/filch-$version.dist-info/METADATA" ] || { echo "no metadata:" && find "$prefix"; exit 1; }
check PYTHONPATH="$prefix/lib/python3/dist-packages" "$PYTHON"
