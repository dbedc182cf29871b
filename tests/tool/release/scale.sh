#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 900
# A bundle of tools/scale.sh measures on another release of Debian, without a network, with 1, 2 and 8 workers. Wrong arguments are
# refused with the reason.
. "$(dirname "$0")/../common.bash"
tree=$(cd "$here/../.." && pwd)
command -v patchelf >/dev/null || skip "patchelf is not installed"
pkg-config --exists jansson || skip "jansson is not installed"

# refuses WORDS COMMAND...: ends with status 2 and these words.
refuses() {
    local status=0
    "${@:2}" >log 2>&1 || status=$?
    claim "${*:2}: '$1', not $status: $(cat log)" test "$status-$(grep -cF -- "$1" log)" = 2-1
}
refuses "unknown command 'pack' (valid: bundle FILE.tar.gz, --help)" "$tree/tools/scale.sh" pack
refuses "bundle needs one file, NAME.tar.gz: 'scale.zip'" "$tree/tools/scale.sh" bundle scale.zip
refuses "unknown --arch 'arm' (valid: arm64)" "$tree/tools/scale.sh" bundle --arch arm scale.tar.gz
refuses "no folder $scratch/nowhere" "$tree/tools/scale.sh" bundle nowhere/scale.tar.gz
[ "$(id -u)" -ne 0 ] && nobody=() || nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
refuses "cannot write to / (name a file" env -C / "${nobody[@]}" "$tree/tools/scale.sh" bundle /scale.tar.gz

mkdir -m 777 folder
claim "bundle --help is the help" eval '"$tree/tools/scale.sh" bundle --help | grep -q "filch-scale/run"'
claim "a bundle is packed" env FILCH_SCALE_PROGRAM="$filch" "$tree/tools/scale.sh" bundle folder/scale.tar.gz
claim "it has 40 MiB at most" test "$(stat -c %s folder/scale.tar.gz)" -le $((40 << 20))
tar -xzf folder/scale.tar.gz
refuses 'unknown option --fast (valid: --workers LIST, --quick, --help)' filch-scale/run --fast
refuses "result 'x.csv' (valid: NAME.json)" filch-scale/run x.csv
refuses 'cannot write /nowhere/x.json' filch-scale/run /nowhere/x.json
for workers in 0 2,x 1025 1,,2; do
    refuses "--workers '$workers' (valid: numbers of 1..1024, as in 1,2,4)" filch-scale/run --workers "$workers" none.json
done

# A part that takes too long is interrupted, not killed: the shim sets each limit to 0.2 s, and each part here takes longer.
mkdir -p slow/bin shim
cp filch-scale/run slow/
cat >slow/bin/filch <<'END'
#!/bin/sh
[ "$2" != --help ] || exit 0
[ "$1" = bench ] || exit 0
echo "$*" >>../calls
trap 'echo INT' INT
bash -c 'trap "echo INT again" INT; for _ in 1 2 3 4 5 6 7 8; do sleep 0.1; done'
exit 0
END
printf '#!/bin/sh\nfor word; do shift; case $word in *m) word=0.2s ;; esac; set -- "$@" "$word"; done\nexec /usr/bin/timeout "$@"\n' >shim/timeout
chmod +x slow/bin/filch shim/timeout
PATH=$scratch/shim:$PATH slow/run --workers 4,1 slow.json >interrupts 2>parts || true
claim "nothing measured, no file" test ! -e none.json -a ! -e slow.json
claim "policies are measured with the most workers" grep -q 'workers 4$' calls
claim "each part is interrupted once: $(cat interrupts parts)" test "$(grep -c INT interrupts)" -eq "$(grep -c 'up to' parts)"

"$tree/tools/fresh.sh" --bare trixie true >log 2>&1 || skip "no bare root can be made: $(tail -n 1 log)"
chmod 755 "$scratch"
# shellcheck disable=SC2016
claim "it measures there: $(tail -n 5 log)" eval '"$tree/tools/fresh.sh" --bare --folder folder trixie bash -c "cd ~/folder && tar -xzf scale.tar.gz &&
    sudo -n unshare --net filch-scale/run --quick --workers 1,2,8 result.json" >log 2>&1'
${CC:-cc} -O1 -o check_schema "$here/check_schema.c" $(pkg-config --cflags --libs jansson) || exit 1
claim "the result keeps to the schema" ./check_schema "$tree/docs/result-schema.json" folder/result.json
claim "it has each kernel, number of workers, policy and queue" python3 - <<'END'
import json, os, re, subprocess
result = json.load(open("folder/result.json"))
columns = [c for entry in result["results"] for c in entry["columns"]]


def names(option):
    """The valid values of an option, from the message about a wrong one."""
    done = subprocess.run([os.environ["FILCH_COMMAND"], "bench", f"--{option}", "none"], capture_output=True, text=True)
    return re.search(r"valid: ([^)]*)", done.stderr).group(1).split(", ")


assert {1, 2, 8} <= {c["workers"] for c in columns}
assert not any("error" in c for c in columns), [c["error"] for c in columns if "error" in c]
wanted = set("fib nqueens uts-t1 uts-t3 cilksort matmul skynet sort reduce scan for for-100ns for-1us for-10us triangle wake".split())
assert {entry["kernel"] for entry in result["results"]} == wanted
for entry in result["results"]:
    if entry["kernel"] in ("uts-t1", "uts-t3", "skynet"):
        of_most = [c for c in entry["columns"] if c["workers"] == 8]
        assert set(names("policy")) <= {c["policy"] for c in of_most}, entry["label"]
        assert set(names("columns")[:names("columns").index("handpool")]) <= {c["queue"] for c in of_most}, entry["label"]
END
claim "and a page" grep -q 'Efficiency' folder/result.html
finish
