#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long; timeout 900
# tools/release.sh in a clone: each step of a dry run; the same tarball twice; a change of the ABI is found; a list that is not met is
# refused with the reason.
. "$(dirname "$0")/../common.bash"
command -v abidw >/dev/null || skip "abidw is not installed (Debian: abigail-tools)"
git clone -q "$here/../.." tree || skip "the tree is no clone of git"
cd tree || exit 1
git config user.name "A test" && git config user.email test@localhost

# release STATUS WORDS ARGUMENT...: a dry run ends with that status and names the words.
release() {
    local expected=$1 words=$2 status=0
    shift 2
    tools/release.sh --dry-run --out ../dist "$@" >../out 2>&1 || status=$?
    claim "release.sh $* ends with $expected, not $status: $(tail -n 3 ../out)" test "$status" -eq "$expected"
    claim "release.sh $* names '$words': $(tail -n 3 ../out)" grep -q -- "$words" ../out
}

version=$(sed -nE 's/^#define FILCH_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' include/filch/base.h | paste -sd.)
release 0 "would run: git tag -s v$version" tree version tarball sbom checksums tag
claim "the sums are right" eval '(cd ../dist && sha256sum -c --quiet SHA256SUMS)'
cp "../dist/filch-$version.tar.gz" ../first.tar.gz
sleep 1 # gzip would keep the time
release 0 bytes tarball
claim "the same commit gives the same tarball" cmp "../dist/filch-$version.tar.gz" ../first.tar.gz
claim "the tarball holds the tree" eval 'tar -tzf ../first.tar.gz | grep -q "^filch-$version/include/filch/filch.h$"'
claim "the bill of materials names each library that CMake looks for" python3 - "../dist/filch-$version.spdx.json" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
names = {package["name"] for package in document["packages"]}
assert {"filch", "liburcu", "hwloc", "hiredis", "librdkafka"} <= names, names
assert all(relation["relatedSpdxElement"].removeprefix("SPDXRef-Package-") in names for relation in document["relationships"])
END

release 0 'is the first' abi
mkdir -p tools/release && cp ../dist/*.abi tools/release/ && git add tools/release && git commit -qm "dumps"
sed -i 's/^    unsigned attributes; .*/&\n    unsigned inserted;/' include/filch/span.h # into a struct that has no size
release 1 'the ABI is broken' abi
git checkout -q .
sed -i 's/int filch_results_set_bound(filch_results \*results, size_t bound)/int filch_results_set_bound(filch_results *results, unsigned char bound)/' \
    include/filch/results.h runtime/pool/results.c
release 1 'the ABI is broken' abi
claim "abidiff names the function" grep -q filch_results_set_bound build/log/abidiff-filch.log
release 1 'uncommitted changes' tree
git checkout -q .
sed -i 's/^} filch_pipeline_config;/    int added;\n&/' include/filch/pipeline.h
claim "a struct grows" test -n "$(git status --porcelain include)"
release 0 'the ABI of the last release' abi
git checkout -q .

git tag "v$version"
release 1 "tag v$version exists" version
git tag -d "v$version" >/dev/null
sed -i "s/^## $version, .*/## 9.9.9, unreleased/" CHANGELOG.md
release 1 "no section '## $version, DATE'" version
release 2 "unknown step 'walk' (valid: tree" walk
git checkout -q . && git clean -qdf
claim "without --dry-run a section without a date is refused" eval '! tools/release.sh --out ../dist version >../out 2>&1 && grep -q "has no date" ../out'
finish
