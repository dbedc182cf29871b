#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Seeds of a fuzz target in one file: a line each, `NAME TEXT`. TEXT is printable, with \\\\ for a backslash and \\xHH for other bytes.

  seeds.py FILE FOLDER          writes each seed into a file of FOLDER
  seeds.py --add FILE INPUT...  adds inputs, under the names of their files
  seeds.py --test               tests itself"""
import re
import sys
from pathlib import Path


def spelled(data):
    text = "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else "\\\\" if byte == 92 else f"\\x{byte:02x}" for byte in data)
    return re.sub(" $", r"\\x20", text)


def bytes_of(text):
    whole = re.sub(r"\\(\\|x[0-9a-f]{2})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)
    return whole.encode("latin-1")


def read(file):
    lines = [line.split(" ", 1) for line in file.read_text(encoding="ascii").splitlines()]
    return {name: bytes_of(text) for name, text in lines}


def written(seeds):
    return "".join(f"{name} {spelled(data)}\n" for name, data in sorted(seeds.items()))


def test():
    seeds = {"all": bytes(range(256)), "empty": b"", "escape": b"\\x41 \\", "space": b" "}
    assert dict(zip(seeds, map(bytes_of, map(spelled, seeds.values())))) == seeds
    for file in (Path(__file__).parent / "corpus").iterdir():
        text = file.read_text(encoding="ascii")
        assert written(read(file)) == text, f"{file}: not as this program writes it"


def main():
    if sys.argv[1:] == ["--test"]:
        test()
    elif len(sys.argv) > 3 and sys.argv[1] == "--add":
        file = Path(sys.argv[2])
        file.write_text(written(read(file) | {Path(one).name: Path(one).read_bytes() for one in sys.argv[3:]}), encoding="ascii")
    elif len(sys.argv) == 3:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in read(Path(sys.argv[1])).items():
            (folder / name).write_bytes(data)
    else:
        sys.exit(__doc__)


main()
