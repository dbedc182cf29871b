#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the declarations for Rust, docs/examples/rust/filch.rs, from the public headers (declare.py).

  declare_rust.py [--write] [--compiler CC]   prints them, or writes the file"""
import argparse
import re
import sys

import declare
from pycparser import c_ast, c_parser

TARGET = declare.HEADERS.parent / "docs" / "examples" / "rust" / "filch.rs"
PRIMITIVES = {"char": "c_char", "int": "c_int", "unsigned": "c_uint", "unsigned int": "c_uint", "unsigned char": "u8", "_Bool": "bool", "bool": "bool",
              "double": "f64", "size_t": "usize", "ssize_t": "isize", "int64_t": "i64", "uint64_t": "u64", "int32_t": "i32", "uint32_t": "u32",
              "uint8_t": "u8", "uintptr_t": "usize", "void": "c_void"}
PRELUDE = "".join(f"typedef int {name};\n" for name in PRIMITIVES if name.endswith("_t") or name == "bool")
ALIGNED = {"filch_slot": 64, "filch_future": 16}  # by attributes, which C's parser does not see
SHARED = ["filch_task"]  # constants of a program, which threads share
# Functions of the parts that the example shows, and the types that they need.
WANTED = re.compile(r"filch_(error|version|now|in$|runtime|run|go|async|arguments|fork|join|yield|future|await|then|when|channel|pool|job|results|for|reduce|"
                    r"scan|sort|merge|radix_sort|context|blocking|worker_index)")
KEYWORDS = {"type", "self", "in", "fn", "where", "final", "match", "move", "ref", "use", "loop", "box"}
HEAD = """// SPDX-License-Identifier: MIT OR Apache-2.0
//! Declarations of Filch for Rust. Made by tools/python/declare_rust.py --write from the public headers, which explain each name.
#![allow(dead_code, non_camel_case_types)]
use std::os::raw::{c_char, c_int, c_uint, c_void};

pub const FILCH_FOREVER: i64 = i64::MAX;
pub const FILCH_UNLIMITED: usize = usize::MAX;
"""


class Maker(c_ast.NodeVisitor):
    """Collects the lines for each declaration."""

    def __init__(self):
        self.lines, self.functions, self.structs = {}, [], {}
        self.callbacks, self.values = set(), {}

    def number(self, node):
        if isinstance(node, c_ast.Constant):
            return int(node.value.rstrip("uUlL"), 0)
        if isinstance(node, c_ast.ID):
            return self.values[node.name]
        if isinstance(node, c_ast.UnaryOp):
            return -self.number(node.expr)
        left, right = self.number(node.left), self.number(node.right)
        return {"/": left // right if right else 0, "*": left * right, "+": left + right, "-": left - right, "|": left | right}[node.op]

    def type(self, node, argument=False):
        if isinstance(node, c_ast.FuncDecl):
            return f"unsafe extern \"C\" fn({self.arguments(node)}){self.result(node)}"
        if isinstance(node, c_ast.ArrayDecl):
            if not argument:
                return f"[{self.type(node.type)}; {self.number(node.dim)}]"
            return self.pointer(node.type)
        if isinstance(node, c_ast.PtrDecl):
            return self.pointer(node.type)
        inner = node.type
        if isinstance(inner, c_ast.IdentifierType):
            name = " ".join(inner.names)
            return PRIMITIVES.get(name, name)
        self.enumerators(inner)
        self.struct(inner)
        return inner.name

    def pointer(self, to):
        if isinstance(to, c_ast.FuncDecl):
            return f"Option<{self.type(to)}>"
        name = self.type(to)
        if name in self.callbacks:
            return f"Option<{name}>"
        return f"*{'const' if 'const' in getattr(to, 'quals', []) else 'mut'} {name}"

    def arguments(self, node):
        parts = []
        for i, one in enumerate(node.args.params if node.args else []):
            if isinstance(one, c_ast.EllipsisParam):
                parts.append("...")
            elif self.type(one.type, argument=True) != "c_void":
                name = one.name or f"a{i}"
                parts.append(f"{name + '_' if name in KEYWORDS else name}: {self.type(one.type, argument=True)}")
        return ", ".join(parts)

    def result(self, node):
        name = self.type(node.type)
        return "" if name == "c_void" else f" -> {name}"

    def enumerators(self, node):
        if not isinstance(node, c_ast.Enum) or not node.values:
            return
        value, kind = -1, node.name or "c_int"
        if node.name:
            self.lines[node.name] = [f"pub type {node.name} = c_uint;"]
        for one in node.values.enumerators:
            value = self.number(one.value) if one.value else value + 1
            self.values[one.name] = value
            self.lines[one.name] = [f"pub const {one.name}: {kind} = {value};"]

    def struct(self, node):
        if not isinstance(node, c_ast.Struct) or self.structs.get(node.name):
            return
        fields = [f"    pub {one.name + '_' if one.name in KEYWORDS else one.name}: {self.type(one.type)}," for one in node.decls or []]
        self.structs[node.name] = bool(fields)
        align = f", align({ALIGNED[node.name]})" if node.name in ALIGNED else ""
        copy = ["#[derive(Clone, Copy)]"] if fields else []
        self.lines[node.name] = [*copy, f"#[repr(C{align})]", f"pub struct {node.name} {{", *(fields or ["    _opaque: [u8; 0],"]), "}"]

    def visit_Typedef(self, node):
        inner = node.type.type if isinstance(node.type, c_ast.TypeDecl) else None
        if isinstance(inner, c_ast.Union) or isinstance(inner, c_ast.Struct) and not inner.decls and inner.name in self.structs:
            return
        if isinstance(inner, (c_ast.Struct, c_ast.Enum)):
            inner.name = inner.name or node.name
            self.enumerators(inner)
            self.struct(inner)
        elif isinstance(node.type, c_ast.FuncDecl):
            self.callbacks.add(node.name)
            self.lines[node.name] = [f"pub type {node.name} = {self.type(node.type)};"]
        elif node.name not in PRIMITIVES:
            self.lines[node.name] = [f"pub type {node.name} = {self.type(node.type)};"]

    def visit_Decl(self, node):
        if isinstance(node.type, c_ast.FuncDecl) and WANTED.match(node.name):
            self.functions.append(f"    pub fn {node.name}({self.arguments(node.type)}){self.result(node.type)};")
        elif isinstance(node.type, (c_ast.Struct, c_ast.Enum)):
            self.enumerators(node.type)
            self.struct(node.type)


    def reachable(self):
        """The names that the functions need, and the enumerators of these types."""
        found, todo = set(), list(self.functions)
        while todo:
            for name in re.findall(r"\w+", todo.pop()):
                if name in self.lines and name not in found:
                    found.add(name)
                    todo += self.lines[name]
        return found | {name for name, lines in self.lines.items() if lines[0].startswith("pub const") and (lines[0].split(": ")[1].split(" =")[0] in found)}


def text(compiler="cc"):
    """The file."""
    import cffi

    source = declare.declarations(compiler=compiler)
    maker = Maker()
    maker.visit(c_parser.CParser().parse(PRELUDE + source))
    ffi = cffi.FFI()
    ffi.cdef(source)
    wanted = maker.reachable()
    types = ["\n".join(lines) for name, lines in maker.lines.items() if name in wanted]
    sizes = []
    for name, whole in maker.structs.items():
        if whole and name in wanted:
            align = ALIGNED.get(name, 1)
            sizes.append(f"    assert!(std::mem::size_of::<{name}>() == {-(-ffi.sizeof(name if name in maker.lines else 'struct ' + name) // align) * align});")
    shared = [f"unsafe impl Sync for {name} {{}}" for name in SHARED]
    return "\n".join([HEAD, *types, "", *shared, "", "const _: () = {", *sizes, "};", "", '#[link(name = "filch")]', 'extern "C" {', *maker.functions, "}", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--compiler", default="cc")
    given = parser.parse_args()
    if given.write:
        TARGET.write_text(text(given.compiler), encoding="utf-8")
    else:
        sys.stdout.write(text(given.compiler))


if __name__ == "__main__":
    main()
