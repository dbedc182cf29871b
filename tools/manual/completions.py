# SPDX-License-Identifier: MIT OR Apache-2.0
"""Completions of the programs for bash, zsh and fish, from the tables of their options."""

FILES = ("FILE", "PATH", "DIR", "MODULE", "TRACE")


def is_file(value):
    return any(word in (value or "") for word in FILES)


def is_list(option):
    """Its values are separated by commas."""
    return option["value"] == "LIST"


def has_end(option):
    """Its choices are whole values, not beginnings such as the scheme of a URL."""
    return not any(choice.endswith(":") or choice.endswith("/") for choice in option["choices"])


def takes_files(described):
    return not described["choices"] or is_file(described["arguments"])


def words(options):
    out = []
    for option in options:
        value = option["value"] or ""
        out.append(f"--{option['name']}{'=' if value and not value.startswith('[') else ''}")
    return out


def own(program):
    """The options of the program itself: those of commands follow the command."""
    return [option for option in program.options if not program.commands or option["name"] in ("help", "version")]


HELP = "print the help of a command"


def heads(program):
    """The first words of its commands."""
    return list(dict.fromkeys(name.split()[0] for name, _, _ in program.commands))


def tails(program):
    """The second words of its commands, by their first."""
    out = {}
    for name, _, _ in program.commands:
        head, _, tail = name.partition(" ")
        if tail:
            out.setdefault(head, []).append(tail)
    return out


def tables(program):
    """(words of the command, its options), the program's own first."""
    yield "", own(program)
    for name, _, described in program.commands:
        yield name, described["options"]


def bash_choices(option):
    choices = f"-W '{' '.join(option['choices'])}'"
    if is_list(option):
        return f"[[ $value == *,* ]] && head=${{value%,*}},; COMPREPLY=($(compgen -P \"$head\" {choices} -- \"${{value##*,}}\"))"
    return f"{'' if has_end(option) else 'compopt -o nospace; '}COMPREPLY=($(compgen {choices} -- \"$value\"))"


def bash_values(program):
    out = ""
    for name, options in tables(program):
        for option in options:
            pattern = f"    '{name} --{option['name']}')" if name or not program.commands else f"    *' --{option['name']}')"
            if option["choices"]:
                out += f"{pattern} {bash_choices(option)} ;;\n"
            elif is_file(option["value"]):
                out += f"{pattern} compopt -o filenames; COMPREPLY=($(compgen -f -- \"$value\")) ;;\n"
            elif option["value"] and not option["value"].startswith("["):
                out += f"{pattern} ;;\n"
    return out


def bash(program):
    """bash splits at '=', and the option's name is then two words back; and at '@', which it replaces with the word behind it."""
    function = "_" + program.name.replace("-", "_")
    cases = ""
    for name, _, described in program.commands:
        values = f" values='{' '.join(described['choices'])}'" if described["choices"] else ""
        files = "" if takes_files(described) else " files="
        cases += f"    '{name}') options='{' '.join(words(described['options']))}'{values}{files} ;;\n"
    first, seconds = heads(program) + ["help"] * bool(program.commands), tails(program)
    cases += "".join(f"    'help {head}') names='{' '.join(names)}' ;;\n" for head, names in seconds.items())
    if program.commands:
        seconds["help"] = heads(program)
    pairs = "".join(f"    {head}) names='{' '.join(names)}' ;;\n" for head, names in seconds.items())
    return f"""# SPDX-License-Identifier: MIT OR Apache-2.0
{function}()
{{
    local value=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} command='' options names='' values='' files=1 head=''
    [[ $value == '=' ]] && value=
    [[ $option == '=' ]] && option=${{COMP_WORDS[COMP_CWORD - 2]}}
    [[ $option == '@' || $value == '@'* ]] && head=@ value=${{value#@}}
    COMPREPLY=()
    case ${{COMP_CWORD}} in
    1) names='{' '.join(first)}' ;;
    *) {"command=${COMP_WORDS[1]}" if program.commands else ":"} ;;
    esac
    case $command in
{pairs or "    '') ;;" + chr(10)}    esac
    [[ $names && $COMP_CWORD -gt 2 ]] && command+=" ${{COMP_WORDS[2]}}" names=''
    case $command in
{cases}    *) options='{' '.join(words(own(program)))}' ;;
    esac
    [[ $command == 'help '* ]] && files= && ((COMP_CWORD > 3)) && names=
    case "$command $option" in
{bash_values(program)}    *)
        if [[ $value == -* ]]; then
            COMPREPLY=($(compgen -W "$options" -- "$value"))
            [[ ${{COMPREPLY-}} == *= ]] && compopt -o nospace
        elif [[ $names ]]; then
            COMPREPLY=($(compgen -W "$names" -- "$value"))
        else
            COMPREPLY=($(compgen -W "$values" -- "$value"))
            [[ $files ]] && compopt -o filenames && COMPREPLY+=($(compgen -P "$head" -f -- "$value"))
            [[ $head && ${{#COMPREPLY[@]}} == 1 && -d ${{COMPREPLY#@}} ]] && compopt -o nospace && COMPREPLY+=/
        fi
        ;;
    esac
}}
complete -F {function} {program.name}
"""


def zsh_text(text):
    return text.replace("\\", "\\\\").replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_values(option):
    """Colons are escaped: a plain one ends the action."""
    choices = " ".join(option["choices"]).replace(":", "\\:")
    if is_list(option):
        return f"_values -s , value {choices}"
    return f"({choices})" if has_end(option) else f" compadd -S \"\" - {choices}"


def zsh_option(option):
    value = option["value"] or ""
    name = f"--{option['name']}"
    text = f"[{zsh_text(option['help'].split('. ')[0][:100])}]"
    if not value:
        return f"'{name}{text}'"
    action = zsh_values(option) if option["choices"] else "_files" if is_file(option["value"]) else ""
    return f"'{name}={text}{':' if value.startswith('[') else ''}:{zsh_text(value.strip('[=]').lower())}:{action}'"


def zsh_others(described):
    if not described["choices"]:
        return ["'*:file:_files'"]
    values = f"({' '.join(described['choices'])})"
    return [f"'*:value:_alternative \"values:value:{values}\" \"files:file:_files\"'" if takes_files(described) else f"'*:value:{values}'"]


def zsh_arguments(options, others, indent):
    lines = [zsh_option(option) for option in options] + others
    return f"{indent}_arguments \\\n" + " \\\n".join(f"{indent}    {line}" for line in lines)


def zsh(program):
    out = f"#compdef {program.name}\n# SPDX-License-Identifier: MIT OR Apache-2.0\n"
    if not program.commands:
        return out + zsh_arguments(program.options, [], "") + "\n"
    names = "\n".join(f"    '{name}:{zsh_text(what)}'" for name, what, _ in program.commands if " " not in name)
    groups = tails(program)
    names += "".join(f"\n    '{group}:{zsh_text(group)} letters'" for group in groups)
    names += f"\n    'help:{HELP}'"
    out += f"local -a commands\ncommands=(\n{names}\n)\n"
    out += "if (( CURRENT == 2 )); then\n    _describe command commands\n"
    out += zsh_arguments(own(program), [], "    ") + "\n    return\nfi\n"
    out += "if [[ $words[2] == help ]] && (( CURRENT == 3 )); then\n    _describe command commands\n    return\nfi\n"
    for group, names in groups.items():
        out += f"if [[ \"${{words[2,CURRENT-1]}}\" == ({group}|'help {group}') ]]; then\n    compadd {' '.join(names)}\n    return\nfi\n"
    out += f"case \"$words[2]{' $words[3]' if groups else ''}\" in\n"
    for name, _, described in program.commands:
        pattern = f"{name.replace(' ', chr(92) + ' ')}{'*' if groups and ' ' not in name else ''}"
        out += f"{pattern})\n{zsh_arguments(described['options'], zsh_others(described), '    ')}\n    ;;\n"
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
            out += " -r" + (" -F" if is_file(option["value"]) else " -f")
        choices = " ".join(option["choices"])
        if choices:
            out += f" -a '(__fish_complete_list , \"printf %s\\\\n {choices}\")'" if is_list(option) else f" -a '{choices}'"
        out += f" -d '{fish_text(option['help'].split('. ')[0][:100])}'\n"
    return out


def fish(program):
    out = "# SPDX-License-Identifier: MIT OR Apache-2.0\n"
    out += fish_options(program, own(program), " -n __fish_use_subcommand" if program.commands else "")
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
        if described["choices"]:
            out += f"complete -c {program.name} -n '{condition}; and not __fish_seen_subcommand_from help'"
            out += f"{'' if takes_files(described) else ' -f'} -a '{' '.join(described['choices'])}'\n"
    if program.commands:
        names = " ".join(heads(program))
        out += f"complete -c {program.name} -n __fish_use_subcommand -f -a help -d '{HELP}'\n"
        out += f"complete -c {program.name} -n '__fish_seen_subcommand_from help' -f\n"
        out += f"complete -c {program.name} -n '__fish_seen_subcommand_from help; and not __fish_seen_subcommand_from {names}' -f -a '{names}'\n"
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
