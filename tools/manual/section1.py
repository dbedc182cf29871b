# SPDX-License-Identifier: MIT OR Apache-2.0
"""Section 1: filch(1), a page for each of its subcommands, filch-jobs(1) and filch-worker(1)."""
import re

import mdoc


def option_term(option):
    letter = f"\\-{option['letter']}, " if option["letter"] else ""
    value = option["value"] or ""
    return f"{letter}\\-\\-{mdoc.escape(option['name'])}{' ' if value and value[0] != '[' else ''}{mdoc.escape(value)}"


def options(rows):
    out = ".Bl -tag -width Ds\n"
    for row in rows:
        term = option_term(row).replace('"', "\\(dq")
        out += f'.It Sy "{term}"\n' + mdoc.paragraph(mdoc.sentences(row["help"]))
    return out + ".El\n"


def ending(text):
    """The end of a help text: paragraphs, and examples as they stand."""
    text = re.sub(r"^Exit status[^:]*:.*?(\n\n|\Z)", "", text, flags=re.S | re.M)
    return mdoc.body(text.strip("\n"))


def tables(text):
    return mdoc.literal(text.strip("\n").split("\n")).replace(" -offset indent", "") if text.strip() else ""


def statuses(text):
    found = re.search(r"^Exit status[^:]*: *(.*?)(?:\n\n|\Z)", text, re.S | re.M)
    return mdoc.paragraph(mdoc.sentences(found[1])) if found else ""


def synopsis(arguments):
    return ".Nm\n.Op Ar OPTION ...\n" + (f".Ar {mdoc.quoted(arguments)}\n" if arguments else "")


def command_page(program, name, what, described, date):
    page = f"{program}-{name.replace(' ', '-')}"
    parts = [
        ("SYNOPSIS", synopsis(described["arguments"]).replace(".Nm", f'.Nm "{program} {name}"')),
        ("DESCRIPTION", mdoc.body(described["about"])),
        ("OPTIONS", options(described["options"])),
        ("NOTES", tables(described["tables"]) + ending(described["ending"])),
        ("EXIT STATUS", statuses(described["ending"])),
        ("SEE ALSO", mdoc.see([(program, 1), ("filch-environment", 7)])),
    ]
    return page, mdoc.page(page, 1, date, [page], what, parts)


def filch_pages(program, date):
    files = {}
    for name, what, described in program.commands:
        page, text = command_page("filch", name, what, described, date)
        files[f"{page}.1"] = text
    commands = mdoc.table([(name, f"{what}: see filch-{name}(1)") for name, what, _ in program.commands])
    parts = [
        ("SYNOPSIS", ".Nm\n.Ar SUBCOMMAND\n.Op Ar OPTION ...\n"),
        ("DESCRIPTION", mdoc.body(program.about) + ".Pp\n" + commands),
        ("OPTIONS", options(program.options)),
        ("EXIT STATUS", statuses(program.ending)),
        ("SEE ALSO", mdoc.see([(f"filch-{name}", 1) for name, _, _ in program.commands] + [("filch-jobs", 1), ("filch-worker", 1), ("filch", 7)])),
    ]
    files["filch.1"] = mdoc.page("filch", 1, date, ["filch"], "tools of the work-stealing runtime", parts)
    return files


def jobs_page(program, sections, date):
    """sections: (heading, mdoc) of the page in Markdown, as in worker_page."""
    text = ""
    common = {option["name"] for option in program.options}
    for name, _, described in program.commands:
        arguments = f".Ar {mdoc.quoted(described['arguments'])}\n" if described["arguments"] else ""
        text += f".Ss {name}\n.Nm {name}\n.Op Ar OPTION ...\n{arguments}.Pp\n" + mdoc.body(described["about"])
        own = [option for option in described["options"] if option["name"] not in common]
        text += options(own) if own else ""
    parts = [
        ("SYNOPSIS", ".Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n"),
        ("DESCRIPTION", mdoc.body(program.about)),
        ("OPTIONS", "Options of all commands:\n" + options(program.options)),
        ("COMMANDS", text),
        *sections,
        ("EXIT STATUS", statuses(program.ending)),
        ("SEE ALSO", mdoc.see([("filch-worker", 1), ("filch-worker.json", 5), ("filch-brokers", 7)])),
    ]
    return mdoc.page("filch-jobs", 1, date, ["filch-jobs"], "jobs in the queues of a broker", parts)


def worker_page(program, sections, date):
    parts = [
        ("SYNOPSIS", synopsis("")),
        ("DESCRIPTION", mdoc.body(program.about)),
        ("OPTIONS", options(program.options)),
        *sections,
        ("SEE ALSO", mdoc.see([("filch-jobs", 1), ("filch-worker.json", 5), ("filch", 7), ("filch-brokers", 7)])),
    ]
    return mdoc.page("filch-worker", 1, date, ["filch-worker"], "a service without C code: jobs from a broker", parts)


def pages(programs, jobs_sections, worker_sections, date):
    filch, jobs, worker = programs
    return {**filch_pages(filch, date), "filch-jobs.1": jobs_page(jobs, jobs_sections, date), "filch-worker.1": worker_page(worker, worker_sections, date)}
