#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# `filch openmp` checks the libraries of a program before it becomes the program.
# usage: command.sh, with FILCH_COMMAND set
. "$(dirname "$0")/../tool/common.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# A library like gcc's with one function more, in a version of its own: newer OMP_6.0, or within an old one.
cat >program.c <<'END'
int omp_get_wonder(void);
int main(int argc, char **argv)
{
    int threads = 0;
#pragma omp parallel reduction(+ : threads)
    threads++;
    (void)argv;
    return argc > 1 ? omp_get_wonder() : threads - 2;
}
END
gcc -fopenmp -c program.c
for version in 6.0 5.0; do
    mkdir $version
    echo "OMP_$version { omp_get_wonder; }; GOMP_4.0 { GOMP_parallel; };" >$version.map
    echo 'void omp_get_wonder(void) {} void GOMP_parallel(void) {}' |
        gcc -shared -fPIC -x c - -Wl,--version-script=$version.map -Wl,-soname,libgomp.so.1 -o $version/libgomp.so.1
    gcc program.o $version/libgomp.so.1 -o needs-$version
done
export OMP_NUM_THREADS=2
run_filch 127 openmp ./needs-6.0
claim "a newer version is named, with the library that lacks it: $(cat err)" \
    grep -Eqx "filch openmp: ./needs-6.0 needs OMP_6.0 of libgomp.so.1, which /.*/lib/filch/libgomp.so.1 lacks; run it without filch openmp" err
run_filch 0 openmp ./needs-5.0
claim "a function that is not there is named before its call: $(cat err)" \
    grep -qx "filch openmp: ./needs-5.0 calls omp_get_wonder, which no library of it has; the program ends at the first call" err
run_filch 127 openmp ./needs-5.0 call

# Both libraries in one program: the second comes with a library that the program needs.
echo 'int other(void) { return 0; }' | gcc -shared -fPIC -x c - -Wl,-soname,libomp.so.5 -o libomp.so.5
echo 'int inner(void) { return 2; }' >inner.c
gcc -shared -fPIC inner.c -Wl,--no-as-needed ./libomp.so.5 -Wl,-rpath,"$work" -o libinner.so
cat >both.c <<'END'
int inner(void);
int main(void)
{
    int threads = 0;
#pragma omp parallel reduction(+ : threads)
    threads++;
    return threads != inner();
}
END
gcc -fopenmp both.c ./libinner.so -o both
run_filch 0 openmp ./both
claim "two OpenMP libraries are named in one line: $(cat err)" \
    grep -Eqx "filch openmp: ./both has two OpenMP libraries, /.*/libgomp.so.1 and /.*/libomp.so.5, each with threads of its own" err
claim "and nothing else is said: $(cat err)" test "$(wc -l <err)" -eq 1

# An RPATH wins over Filch's folder.
mkdir own
cp "$(gcc -print-file-name=libgomp.so.1)" own/
gcc -fopenmp both.c ./libinner.so -Wl,-rpath,"$work/own",--disable-new-dtags -o rpath
run_filch 0 openmp ./rpath
claim "a program that keeps its own library is named: $(cat err)" grep -q "^filch openmp: ./rpath keeps $work/own/libgomp.so.1" err

# Programs about which there is nothing to say.
gcc -fopenmp -static -x c - -o static <<<'int main(void) { return 3; }'
run_filch 3 openmp ./static
claim "nothing is said of a static program: $(cat err)" test ! -s err
printf '#!/bin/sh\nexit 4\n' >script
chmod +x script
run_filch 4 openmp ./script
claim "nor of a script: $(cat err)" test ! -s err
run_filch 5 openmp sh -c 'exit 5'
claim "nor of a program without OpenMP that lies on PATH: $(cat err)" test ! -s err
run_filch 127 openmp ./nothing
claim "a program that is not there is named once: $(cat err)" test "$(wc -l <err)" -eq 1
finish
