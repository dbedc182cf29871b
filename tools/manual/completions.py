# SPDX-License-Identifier: MIT OR Apache-2.0
"""Completions of the programs for bash, zsh and fish, from the tables of their options."""

FILES = ("FILE", "PATH", "DIR", "MODULE")


def is_file(option):
    value = option["value"] or ""
    return any(word in value for word in FILES)


def words(options):
    out = []
    for option in options:
        value = option["value"] or ""
        out.append(f"--{option['name']}{'=' if value and not value.startswith('[') else ''}")
    return out


def tables(program):
    """(words of the command, its options), the program's own first."""
    yield "", program.options
    for name, _, described in program.commands:
        yield name, described["options"]


def bash_values(program):
    out = ""
    for name, options in tables(program):
        for option in options:
            pattern = f"    '{name} --{option['name']}')" if name or not program.commands else f"    *' --{option['name']}')"
            if option["choices"]:
                out += f"{pattern} COMPREPLY=($(compgen -W '{' '.join(option['choices'])}' -- \"$value\")) ;;\n"
            elif is_file(option):
                out += f"{pattern} compopt -o filenames; COMPREPLY=($(compgen -f -- \"$value\")) ;;\n"
    return out


def bash(program):
    """bash splits at '=': the option's name is then two words back."""
    function = "_" + program.name.replace("-", "_")
    cases = "".join(f"    '{name}') options='{' '.join(words(options))}' ;;\n" for name, options in tables(program) if name)
    first = " ".join(name.split()[0] for name, _, _ in program.commands)
    seconds = {}
    for name, _, _ in program.commands:
        head, _, tail = name.partition(" ")
        if tail:
            seconds.setdefault(head, []).append(tail)
    pairs = "".join(f"    {head}) names='{' '.join(tails)}' ;;\n" for head, tails in seconds.items())
    return f"""# SPDX-License-Identifier: MIT OR Apache-2.0
{function}()
{{
    local value=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} command='' options names=''
    [[ $value == '=' ]] && value=
    [[ $option == '=' ]] && option=${{COMP_WORDS[COMP_CWORD - 2]}}
    COMPREPLY=()
    case ${{COMP_CWORD}} in
    1) names='{' '.join(dict.fromkeys(first.split()))}' ;;
    *) {"command=${COMP_WORDS[1]}" if program.commands else ":"} ;;
    esac
    case $command in
{pairs or "    '') ;;" + chr(10)}    esac
    [[ $names && $COMP_CWORD -gt 2 ]] && command+=" ${{COMP_WORDS[2]}}" names=''
    case $command in
{cases}    *) options='{' '.join(words(program.options))}' ;;
    esac
    case "$command $option" in
{bash_values(program)}    *)
        if [[ $value == -* ]]; then
            COMPREPLY=($(compgen -W "$options" -- "$value"))
            [[ ${{COMPREPLY-}} == *= ]] && compopt -o nospace
        elif [[ $names ]]; then
            COMPREPLY=($(compgen -W "$names" -- "$value"))
        else
            compopt -o filenames
            COMPREPLY=($(compgen -f -- "$value"))
        fi
        ;;
    esac
}}
complete -F {function} {program.name}
"""


def zsh_text(text):
    return text.replace("\\", "\\\\").replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_option(option):
    value = option["value"] or ""
    name = f"--{option['name']}"
    text = f"[{zsh_text(option['help'].split('. ')[0][:100])}]"
    if not value:
        return f"'{name}{text}'"
    action = f"({' '.join(option['choices'])})" if option["choices"] else "_files" if is_file(option) else ""
    return f"'{name}={text}{':' if value.startswith('[') else ''}:{zsh_text(value.strip('[=]').lower())}:{action}'"


def zsh_arguments(options, indent):
    lines = [zsh_option(option) for option in options] + ["'*:file:_files'"]
    return f"{indent}_arguments \\\n" + " \\\n".join(f"{indent}    {line}" for line in lines)


def zsh(program):
    out = f"#compdef {program.name}\n# SPDX-License-Identifier: MIT OR Apache-2.0\n"
    if not program.commands:
        return out + zsh_arguments(program.options, "") + "\n"
    names = "\n".join(f"    '{name}:{zsh_text(what)}'" for name, what, _ in program.commands if " " not in name)
    groups = sorted({name.split()[0] for name, _, _ in program.commands if " " in name})
    names += "".join(f"\n    '{group}:{zsh_text(group)} letters'" for group in groups)
    out += f"local -a commands\ncommands=(\n{names}\n)\n"
    out += "if (( CURRENT == 2 )); then\n    _describe command commands\n"
    out += zsh_arguments(program.options, "    ").replace(" \\\n        '*:file:_files'", "") + "\n    return\nfi\n"
    for group in groups:
        tails = " ".join(name.split()[1] for name, _, _ in program.commands if name.startswith(group + " "))
        out += f"if [[ $words[2] == {group} ]] && (( CURRENT == 3 )); then\n    compadd {tails}\n    return\nfi\n"
    out += f"case \"$words[2]{' $words[3]' if groups else ''}\" in\n"
    for name, options in tables(program):
        if name:
            out += f"{name.replace(' ', chr(92) + ' ')}{'*' if groups and ' ' not in name else ''})\n{zsh_arguments(options, '    ')}\n    ;;\n"
    return out + "esac\n"


def fish_text(text):
    return text.replace("\\", "\\\\").replace("'", "\\'")


def fish_options(program, options, condition):
    out = ""
    for option in options:
        value = option["value"] or ""
        short = f" -s {option['letter']}" if option["letter"] else ""
        out += f"complete -c {program.name}{condition}{short} -l {option['name']}"
        if value and not value.startswith("["):
            out += " -r" + (" -F" if is_file(option) else " -f")
        if option["choices"]:
            out += f" -a '{' '.join(option['choices'])}'"
        out += f" -d '{fish_text(option['help'].split('. ')[0][:100])}'\n"
    return out


def fish(program):
    out = "# SPDX-License-Identifier: MIT OR Apache-2.0\n"
    own = " -n __fish_use_subcommand" if program.commands else ""
    out += fish_options(program, program.options, own)
    seen = set()
    for name, what, described in program.commands:
        head, _, tail = name.partition(" ")
        if head not in seen:
            out += f"complete -c {program.name} -n __fish_use_subcommand -f -a {head} -d '{fish_text(what)}'\n"
            seen.add(head)
        if tail:
            out += f"complete -c {program.name} -n '__fish_seen_subcommand_from {head}' -f -a {tail} -d '{fish_text(what)}'\n"
        condition = f"__fish_seen_subcommand_from {head}" + (f"; and __fish_seen_subcommand_from {tail}" if tail else "")
        out += fish_options(program, described["options"], f" -n '{condition}'")
    return out


# shell: the folder below the prefix's share, the file of a program, and the writer
SHELLS = [
    ("bash-completion/completions", "{}", bash),
    ("zsh", "_{}", zsh),
    ("fish/vendor_completions.d", "{}.fish", fish),
]


def write(programs, out):
    for folder, form, writer in SHELLS:
        (out / folder).mkdir(parents=True, exist_ok=True)
        for program in programs:
            (out / folder / form.format(program.name)).write_text(writer(program), encoding="utf-8")
