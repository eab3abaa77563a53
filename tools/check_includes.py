#!/usr/bin/env python3
"""Checks that no file includes what the design does not let it.

A module includes the public headers that it implements, its own headers, and those of the modules named beside it in
MODULES (with what those name), never one above it. Some third-party headers belong to one module.
Prints one line for each violation, and exits with 1 if there is one.
"""
import argparse
import pathlib
import re
import sys

# Each module, and the modules that it may include; what those may include comes with them.
MODULES = {
    "base": [],
    "memory": ["base"],
    "tensor": ["memory"],
    "runtime": ["tensor"],
    "image": ["tensor"],
    "telemetry": ["base"],
    "serving": ["runtime", "image", "telemetry"],
    "protocol": ["serving"],
    "server": ["protocol"],
    "stream": ["protocol"],
    "cli": ["server", "stream"],
}

# Third-party headers (a pattern for the text between the brackets) and the only modules that may include them.
# A module that is missing here is refused, and so are tests of other modules.
THIRD_PARTY = [
    (r"onnxruntime_.*|.*/onnxruntime_.*", ["runtime"]),
    (r"boost/(asio|beast)[./].*", ["server"]),
    (r"openssl/(ssl|tls1|bio|x509.*)\.h", ["server"]),
    (r"sys/socket\.h|netinet/.*|arpa/inet\.h|netdb\.h|sys/un\.h", ["server"]),
    (r"grpc/.*|grpcpp/.*", ["server", "protocol"]),
    (r"google/protobuf/.*", ["serving", "protocol", "server"]),
    (r"librdkafka/.*", ["stream"]),
    (r"spdlog/.*", ["cli"]),
    (r"CLI/.*", ["cli"]),
    (r"jpeglib\.h|turbojpeg\.h|jerror\.h|png\.h|webp/.*", ["image"]),
]

# The header that includes all public ones: for embedding programs, no module includes it.
UMBRELLA = "onda/onda.h"

# Public headers may include the C++ standard library and each other, nothing else.
STANDARD_HEADER = re.compile(r"[a-z0-9_]+")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SOURCE_SUFFIXES = {".h", ".cpp"}


def closure(module):
    """The module and everything that it may include."""
    seen, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(MODULES[name])
    return seen


def includes(path):
    """(line, quoted, name) of each include directive. A generated file has none that we check."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield line, match.group(1) is not None, match.group(1) or match.group(2)


def files_below(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SOURCE_SUFFIXES) if folder.is_dir() else []


class Checker:
    def __init__(self, root, owner_of_public):
        self.root = root
        self.owner_of_public = owner_of_public
        self.problems = []

    def complain(self, path, line, text):
        self.problems.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def module_of_include(self, name):
        """The module whose header this is, None for anything else."""
        if name.startswith("onda/"):
            return self.owner_of_public.get(name, "?")
        first = name.split("/", 1)[0]
        return first if "/" in name and first in MODULES else None

    def check_module_edge(self, path, line, name, module, allowed):
        target = self.module_of_include(name)
        if name == UMBRELLA:
            self.complain(path, line, f'"{name}" is for embedding programs; include what is used')
        elif target == "?":
            self.complain(path, line, f'"{name}" belongs to no module: name it in PUBLIC_HEADERS of the module that '
                                      "implements it (src/<module>/CMakeLists.txt)")
        elif target is not None and target not in allowed:
            self.complain(path, line, f'module {module} may not include "{name}" of module {target}; it may include '
                                      f'{", ".join(sorted(allowed - {module})) or "no other module"}')

    def check_third_party(self, path, line, name, module):
        for pattern, modules in THIRD_PARTY:
            if re.fullmatch(pattern, name) and module not in modules:
                self.complain(path, line, f"{module} may not include <{name}>; only {', '.join(modules)} may")

    def check_source(self, path, module):
        allowed = closure(module)
        for line, quoted, name in includes(path):
            if ".." in name.split("/"):
                self.complain(path, line, f'"{name}": write the path from src/ or include/, without ".."')
            self.check_module_edge(path, line, name, module, allowed)
            self.check_third_party(path, line, name, module)

    def check_public_header(self, path):
        name = path.relative_to(self.root / "include").as_posix()
        if name == UMBRELLA:
            return
        module = self.owner_of_public.get(name)
        if module is None:
            self.complain(path, 1, "belongs to no module: name it in PUBLIC_HEADERS of the module that implements it "
                                   "(src/<module>/CMakeLists.txt)")
            return
        for line, quoted, target in includes(path):
            if target.startswith("onda/"):
                self.check_module_edge(path, line, target, module, closure(module))
            elif quoted or not STANDARD_HEADER.fullmatch(target):
                self.complain(path, line, f"a public header may not include {target}: only the C++ standard library "
                                          "and other public headers")

    def check_test(self, path, module):
        """Tests and benchmarks may look into any module; the rule for third-party headers is theirs too."""
        for line, quoted, name in includes(path):
            self.check_third_party(path, line, name, module)

    def run(self):
        src = self.root / "src"
        for folder in sorted(p for p in src.iterdir() if p.is_dir()):
            if folder.name not in MODULES:
                self.problems.append(f"src/{folder.name}: no such module in {pathlib.Path(__file__).name}")
                continue
            for path in files_below(folder):
                self.check_source(path, folder.name)
        for path in files_below(self.root / "include"):
            self.check_public_header(path)
        for path in files_below(self.root / "tests"):
            folder = path.relative_to(self.root / "tests").parts[0]
            if folder in MODULES:
                self.check_test(path, folder)
        return self.problems


def read_owners(path):
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if line)
    return {header: module for module, header in pairs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the source tree")
    parser.add_argument("--public-headers", type=pathlib.Path, required=True,
                        help="a file with one MODULE=HEADER a line, as CMake writes it")
    options = parser.parse_args()
    problems = Checker(options.root.resolve(), read_owners(options.public_headers)).run()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
