#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the folder debian/ of a source package from tools/package/debian: control with a stanza for each broker, changelog,
copyright, and the symbols of both libraries from the headers.

  fill.py --list               prints the packages and their purposes, separated by a tab
  fill.py TREE VERSION MAINTAINER SECONDS COMMIT
                               writes TREE/debian; SECONDS since 1970 are the time of the changelog's entry"""
import re
import shutil
import sys
import time
from email.utils import formatdate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import check_names  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "tools/package/debian"
TABLES = ("packages_to_run", "packages_to_build", "packages_to_package")  # of tools/packages.sh


def brokers():
    """(module, schemes, development packages of its clients) of each broker."""
    rows = []
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "runtime/service").glob("brokers/*/broker.cmake"))]
    known = (ROOT / "runtime/service/CMakeLists.txt").read_text(encoding="utf-8") + "".join(texts)
    headers = dict(re.findall(r"^client\((\w+) \S+ \S+ (\S+)\)$", known, re.M))
    for text in texts:
        name, module, schemes, clients = re.search(r"^broker\((\w+)(?: MODULE (\w+))? SCHEMES (.*) CLIENTS (.*)\)$", text, re.M).groups()
        rows.append((module or name, schemes.split(), [headers[client] for client in clients.split()]))
    return sorted(rows)


def needed():
    """Build dependencies: an entry for each row of the tables, with its alternatives."""
    text = (ROOT / "tools/packages.sh").read_text(encoding="utf-8")
    for table in TABLES:
        for row in re.search(rf"^{table}='\n(.*?)^'", text, re.M | re.S)[1].splitlines():
            yield " | ".join(row.partition("|")[0].split())


def control(maintainer, version):
    found = brokers()
    text = (TEMPLATE / "control").read_text(encoding="utf-8")
    stanza = (TEMPLATE / "broker.control").read_text(encoding="utf-8")
    for module, schemes, _ in found:
        text += stanza.replace("@MODULE@", module).replace("@SCHEMES@", ", ".join(f"{scheme}:" for scheme in schemes))
    values = {
        "MAINTAINER": maintainer,
        "BUILD_DEPENDS": ", ".join(needed()),
        "CLIENTS": ", ".join(sorted({client for _, _, clients in found for client in clients})),
        "SAME_MINOR": same_minor("libfilch0", version, ", "),
        "MODULES": ", ".join(f"libfilch-service-{module}" for module, _, _ in found),
    }
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], text)


def packages():
    """{package: purpose}"""
    return dict(re.findall(r"^Package: (\S+)\n(?:\S.*\n)*?Description: (.*)$", control("", "0.0.0"), re.M))


def number(version):
    return [int(part) for part in version.split(".")]


def same_minor(package, version, between):
    """Programs that were compiled with macros of one minor version need a library of it."""
    major, minor, _ = number(version)
    return f"{package} (>= {version}){between}{package} (<< {major}.{minor + 1}~)"


def symbols(package, library, version, is_ours):
    """Each filch_ name with the release that introduced it: its comment's, else its header's."""
    lines = [f"{library} {package} #MINVER#\n", f"| {same_minor(package, version, ', ')}\n",
             "* Build-Depends-Package: libfilch-dev\n", f" (symver)FILCH_PRIVATE {version} 1\n", f" FILCH_0@FILCH_0 {version}\n"]
    for name, (file, _) in sorted(check_names.declarations(ROOT).items()):
        text = (ROOT / file).read_text(encoding="utf-8")
        if name.startswith("filch_") and is_ours(file):
            comment = re.search(rf"/\*((?:(?!\*/).)*)\*/\s*FILCH_API\b[^;]*?\b{name}\b", text, re.S)
            since = re.findall(r"Since (\d+\.\d+\.\d+)", comment[1] if comment else "") or re.findall(r"Since (\d+\.\d+\.\d+)", text)
            lines.append(f" {name}@FILCH_0 {min([*since[-1:], version], key=number)}\n")
    return "".join(lines)


def write(tree, version, maintainer, seconds, commit):
    debian = Path(tree, "debian")
    shutil.copytree(TEMPLATE, debian, ignore=shutil.ignore_patterns("control", "broker.control", "copyright"))
    year = time.gmtime(int(seconds)).tm_year
    copyright = (TEMPLATE / "copyright").read_text(encoding="utf-8").replace("@YEAR@", str(year))
    licence = (ROOT / "LICENSE-MIT").read_text(encoding="utf-8").split("\n\n", 2)[2].strip()
    texts = {
        "control": control(maintainer, version),
        "copyright": copyright + re.sub("^(.*)$", lambda line: f" {line[1] or '.'}", licence, flags=re.M) + "\n",
        "changelog": f"filch ({version}) unstable; urgency=medium\n\n  * Built from {commit}; filch-doc has CHANGELOG.md.\n\n"
                     f" -- {maintainer}  {formatdate(int(seconds))}\n",
        "libfilch0.symbols": symbols("libfilch0", "libfilch.so.0", version, lambda file: "/service" not in file),
        "libfilch-service0.symbols": symbols("libfilch-service0", "libfilch-service.so.0", version, lambda file: "/service" in file),
    }
    for module, _, _ in brokers():
        texts[f"libfilch-service-{module}.install"] = f"usr/lib/*/filch/filch-broker-{module}.so\n"
    for name, text in texts.items():
        (debian / name).write_text(text, encoding="utf-8")


def main():
    if sys.argv[1:] == ["--list"]:
        print("".join(f"{package}\t{purpose}\n" for package, purpose in packages().items()), end="")
    elif len(sys.argv) == 6:
        write(*sys.argv[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
