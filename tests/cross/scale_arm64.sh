#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: timeout 900; label processor
# A bundle of tools/scale.sh for arm64 runs with its own libraries under qemu-user, and finds the right answers. Its times mean nothing.
. "$(dirname "$0")/../tool/common.bash"
command -v patchelf >/dev/null || skip "patchelf is not installed"

claim "a bundle is packed" env FILCH_SCALE_PROGRAM="$filch" "$here/../../tools/scale.sh" bundle --arch arm64 "$scratch/arm64.tar.gz"
tar -xzf arm64.tar.gz
mv filch-scale/bin/filch filch-scale/bin/filch.arm64
cat >filch-scale/bin/filch <<'END'
#!/bin/sh
exec qemu-aarch64 bin/filch.arm64 "$@"
END
chmod +x filch-scale/bin/filch
claim "it measures: $(cat log)" eval 'filch-scale/run --quick --workers 1,2 result.json >log 2>&1'
claim "all answers are right, on the emulated processor: $(cat log)" python3 - <<'END'
import json
result = json.load(open("result.json"))
answers = {entry["label"]: entry["answer"] for entry in result["results"]}
errors = [c["error"] for entry in result["results"] for c in entry["columns"] if "error" in c]
assert not errors and len(answers) == 16 and not result["interrupted"], (errors, answers)
assert answers["fib(20)"] == "6765" and answers["nqueens(6)"] == "4", answers
assert result["machine"]["kernel"].endswith(" aarch64"), result["machine"]
assert {1, 2} == {c["workers"] for entry in result["results"] for c in entry["columns"]}
END
finish
