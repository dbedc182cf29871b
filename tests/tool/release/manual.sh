#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# The manual pages: mandoc finds no fault, each page names its subjects to lexgrog, each reference leads to a page, and each exported
# name has one. bash, zsh and fish complete from the files of the programs.
. "$(dirname "$0")/../common.bash"
for program in doxygen cmark-gfm mandoc lexgrog zsh fish; do
    command -v "$program" >/dev/null || skip "$program is not installed"
done
tree=$(cd "$here/../.." && pwd)
cd "$scratch" || exit 1
claim "the manual is made" python3 -B "$tree/tools/manual/main.py" "$tree" "$(dirname "$(dirname "$filch")")" .

# ---- Pages ----

mapfile -t pages < <(find man -type f)
mandoc -Tlint "${pages[@]}" | grep -v 'referenced manual not found' >lint
claim "mandoc: $(head -n 3 lint)" test ! -s lint
claim "there are ${#pages[@]} pages" test "${#pages[@]}" -gt 190
claim "lexgrog reads each page: $(lexgrog "${pages[@]}" | grep 'parse failed')" eval 'lexgrog "${pages[@]}" >names'
while read -r _ name section _; do
    [ -e "man/man$section/$name.$section" ] || claim "$name($section), to which a page refers, is a page" false
done < <(grep -h '^\.Xr ' "${pages[@]}" | sort -u)
claim "no mark of Markdown or roff is left: $(grep -lE '`|fBfB' man/man[357]/* | head -n 3)" eval '! grep -qE "\`|fBfB" man/man[357]/*'
python3 -B - "$tree"/include/filch/*.h >exported <<'END'
import re
import sys
texts = [re.sub(r"/\*.*?\*/", "", open(path, encoding="utf-8").read(), flags=re.S) for path in sys.argv[1:]]
print("\n".join(name for text in texts for name in re.findall(r"FILCH_API\b[^;{]*?\b(filch_\w+)\)?\s*\(", text)))
END
claim "the library exports $(wc -l <exported) functions" test "$(wc -l <exported)" -gt 390
while read -r name; do
    [ -e "man/man3/$name.3" ] || claim "$name has a page" false
done <exported
for name in bench compare explore openmp play sim top trace tune; do
    claim "filch-$name(1) has all options of --help" \
        diff <("$filch" "$name" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u) \
        <(mandoc -Tascii "man/man1/filch-$name.1" | col -b | grep -oE '^ {5}(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
done
claim "man finds filch_pool_create" eval 'man -M man -P cat filch_pool_create | col -b | grep -q "filch_pool_create(filch_pool"'
claim "its page has the fields of the configuration, and their ranges" eval 'man -M man -P cat filch_pool_create | col -b | tr -s "[:space:]" " " | grep -q "unsigned width jobs in progress at a time, at most FILCH_WIDTH_MAX"'
claim "man finds a function that a macro defines" eval 'man -M man -P cat filch_u64_cas | col -b | grep -q "cas(a, &expected"'
claim "man finds a macro of include/filch/detail" eval 'man -M man -P cat FILCH_STOP | col -b | grep -q "FILCH_STOP(code)"'
claim "man finds the page on C++" eval 'man -M man -P cat filch-cxx | col -b | grep -q "filch::invoke(self, f, g, h)"'
man -M man -P cat filch-brokers | col -b | tr -s '[:space:]' ' ' >brokers
for text in 'sqlite:PATH that file' 'transactions postgres count memory, kafka,' 'sqlite option: sync valid: full, normal'; do
    claim "man finds the page on brokers, with $text" grep -qF -- "$text" brokers
done
claim "the page on brokers is named by filch-worker and filch-jobs" test "$(grep -lx '.Xr filch-brokers 7 \?,\?' man/man1/filch-worker.1 man/man1/filch-jobs.1 | wc -l)" -eq 2
claim "man finds the page on Python, which begins with an example" eval 'man -M man -P cat filch-python | col -b | grep -q "with filch.Executor() as executor"'
claim "a title of one word is not above a table: $(grep -lE '^\.Em "?(to|signal|claim|variable)"? :' man/man[157]/*)" \
    eval '! grep -qE "^\.Em \"?(to|signal|claim|variable)\"? :" man/man[157]/*'
claim "the titles of two columns are above their table" grep -q '^\.Em "in Python / in C" :' man/man7/filch-python.7
claim "references name the file in the tree" eval '! grep -qE "\([a-z-]+\.(md|h)[,)]" man/man[157]/*'
claim "filch-jobs(1) has its variables" eval 'mandoc -Tascii man/man1/filch-jobs.1 | col -b | grep -A 20 ^ENVIRONMENT | grep -q XDG_STATE_HOME'
claim "filch_pool_create(3) refers to submissions" grep -q '^\.Xr filch_pool_submit 3' man/man3/filch_pool_create.3
claim "a page refers to its header's other sections" grep -q '^\.Xr filch_pool_stats_read 3' man/man3/filch_pool_create.3
claim "a page explains its errors" eval 'man -M man -P cat filch_go | col -b | grep -q -- "-ECHILD[[:space:]]*a runtime of the parent process"'
claim "filch-worker.json(5) has the keys" eval 'mandoc -Tascii man/man5/filch-worker.json.5 | col -b | grep -q retry-attempts'

# ---- Completions ----

# bash_offers LINE: the words that bash offers for the last one of the line.
bash_offers() {
    bash --norc -c 'source "completions/bash-completion/completions/$1" 2>/dev/null
        read -ra COMP_WORDS <<<"$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        compopt() { :; }
        "_${1//-/_}"
        printf "%s\n" "${COMPREPLY[@]}"' offers "${1%% *}" "$1" | tr '\n' ' '
}
fish_offers() {
    fish --no-config -c "source completions/fish/vendor_completions.d/${1%% *}.fish; complete -C '$1'" | cut -f1 | tr '\n' ' '
}
# offers LINE WORDS: bash and fish offer them, each before '='.
offers() {
    local shell word offered
    for shell in bash fish; do
        offered=" $(${shell}_offers "$1")"
        for word in $2; do
            claim "$shell completes '$1' with $word, not:$offered" grep -qE -- " $word=? " <<<"$offered"
        done
    done
}
offers 'filch co' compare
offers 'filch he' help
offers 'filch help ' 'bench sim trace'
offers 'filch-jobs help ' 'enqueue dead'
offers 'filch-jobs help dead ' 'list drop'
offers 'filch sim --pol' --policy
offers 'filch-jobs de' dead
offers 'filch-jobs dead ' 'list show requeue drop'
offers 'filch-jobs list --que' --queue
offers 'filch-worker --env' --envelope
offers 'filch-worker --envelope ' 'auto native json raw'
offers 'filch sim --policy ' 'random round-robin nearest all'
offers 'filch sim --policy random,' 'random,nearest random,all'
offers 'filch sim --take ' 'adaptive one half'
offers 'filch sim u' 'uts uts-deep'
offers 'filch play ' 'fib tree'
offers 'filch tune ' 'width queue'
offers 'filch trace ' diff
offers 'filch bench --kernels f' 'fib fft for'
offers 'filch bench --columns c' 'chase-lev central-mutex'
offers 'filch-jobs enqueue --envelope ' 'native json raw'
for program in 'filch-jobs list' filch-worker; do
    offers "$program --broker " 'redis:// rediss:// postgres:// sqlite: memory:'
done
touch run.trace
offers_at() { claim "bash completes '$1' with $2" test "$(bash_offers "$1")" = "$2 "; }
mkdir trace.folder
offers_at 'filch-jobs enqueue --type echo @run' @run.trace
offers_at 'filch-jobs enqueue --type echo @ run' @run.trace # as bash splits it
offers_at 'filch-jobs enqueue --type echo @trace' @trace.folder/
offers 'filch sim ru' run.trace
for shell in bash fish; do
    claim "$shell offers no file as a part of filch tune" test -z "$(${shell}_offers 'filch tune ru' | grep trace)"
    for line in 'filch sim --speeds ' 'filch help sim '; do
        claim "$shell offers nothing after '$line'" test -z "$(${shell}_offers "$line" | tr -d ' \n')"
    done
    claim "$shell offers no option before a command of filch-jobs" test -z "$(${shell}_offers 'filch-jobs --b' | grep broker)"
done
for file in completions/zsh/_*; do
    claim "zsh reads $file" zsh -n "$file"
done
# LINE|WORD: zsh completes the line to this word.
cat >lines <<'END'
filch-worker --envel|--envelope
filch sim --policy near|nearest
filch sim --policy random,near|random,nearest
filch sim sten|stencil
filch help explo|explore
filch-jobs help dead req|requeue
filch sim run|run.trace
filch tune wid|width
filch-jobs list --broker postgresq|postgresql://
END
cat >complete.zsh <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; fpath=($PWD/completions/zsh \$fpath); autoload -Uz compinit; compinit -u -d $PWD/dump; bindkey '^T' complete-word; print READY"
zpty -r z text '*READY*READY*'
while IFS='|' read -r line word; do
    zpty -w -n z $'\x15'"$line"$'\t'
    zpty -r z text "*$word*" && print -r -- "$word"
done
END
timeout 60 zsh -f complete.zsh <lines >completed
while IFS='|' read -r line word; do
    claim "zsh completes '$line' to $word" grep -qxF -- "$word" completed
done <lines
finish
