"""Size and form: file and function length, banners, names."""

import ast
import re

from .source import Finding

FILE_LINES_MAX = 500
FILE_LINES_GOOD = 300
FUNCTION_LINES_MAX = 70
BANNER_LINES_MAX = 10
MEASURED = {".cc", ".h", ".py", ".js", ".mjs", ".css", ".html", ".cmake", ""}


def long_files(repo):
    for source in measured(repo):
        if len(source.lines) > FILE_LINES_MAX:
            yield Finding("file-length", source.path, FILE_LINES_MAX, f"{len(source.lines)} lines, at most {FILE_LINES_MAX}: split it by verb, one to a file")


def measured(repo):
    return [s for s in repo if s.suffix in MEASURED and s.path.rsplit("/", 1)[-1] not in ("package-lock.json",)]


def count_longish(repo):
    """Files past the good length: a number to watch, not an error."""
    return sum(len(source.lines) > FILE_LINES_GOOD for source in measured(repo))


def long_functions(repo):
    for source in repo:
        if source.suffix in (".cc", ".h"):
            functions = cpp_functions(source.code)
        elif source.suffix in (".js", ".mjs"):
            functions = cpp_functions(blank_js(source.text))
        elif source.suffix == ".py" or source.text.startswith(("#!/usr/bin/python3", "#!/usr/bin/env python3")):
            functions = python_functions(source.text)
        else:
            continue
        for name, first, last in functions:
            length = last - first + 1
            if length > FUNCTION_LINES_MAX:
                yield Finding("function-length", source.path, first, f"{name} is {length} lines, at most {FUNCTION_LINES_MAX}: name its steps and call them")


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


_NOT_A_FUNCTION = re.compile(r"^\s*(?:inline\s+)?(?:namespace|class|struct|union|enum|extern|template\s*<[^{]*>\s*(?:class|struct))\b(?![^{]*\))")
_CONTROL = re.compile(r"(?:^|[\s;{}])(?:if|for|while|switch|catch|do|else|try|return|case)\b")
_FUNCTION_HEAD = re.compile(r"([\w:~$#]+(?:\s*[=<>!+\-*/()\[\]]{1,3})?)\s*\(")


def cpp_functions(code):
    """(name, first line, last line) of outermost functions: bodies whose brace follows a parameter list. Lambdas count in the function they stand in."""
    code = re.sub(r"^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code, flags=re.MULTILINE)
    stack = []  # (is_function, name, first line)
    line, head_start = 1, 0
    for position, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "{":
            head = code[head_start:position]
            inside = any(entry[0] for entry in stack)
            name = None if inside else function_name(head)
            stack.append((name is not None, name, line - head.lstrip().count("\n")))
            head_start = position + 1
        elif char == "}":
            if stack:
                is_function, name, first = stack.pop()
                if is_function:
                    yield name, first, line
            head_start = position + 1
        elif char == ";":
            head_start = position + 1


def function_name(head):
    if ")" not in head or _NOT_A_FUNCTION.match(head) or _CONTROL.search(head):
        return None
    match = _FUNCTION_HEAD.search(head)
    return match.group(1) if match else None


_JS_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`|(?<=[(,=:\[!&|?{};\n])\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[gimsuy]*",
    re.DOTALL,
)


def blank_js(text):
    return _JS_TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def banners(repo):
    """A file says first what lives here; a header guards itself."""
    for source in repo.cpp():
        header = source.path.removesuffix(".cc") + ".h"
        if source.path.startswith("tests/") or (source.suffix == ".cc" and header in repo.sources):
            continue
        if not source.lines or not source.lines[0].startswith("//"):
            yield Finding("banner", source.path, 1, "begin with a comment of a few lines: what lives here, what does not, which RFC")
            continue
        banner = next((n for n, text in enumerate(source.lines) if not text.startswith("//")), len(source.lines))
        if banner > BANNER_LINES_MAX:
            yield Finding("banner", source.path, 1, f"the banner is {banner} lines, at most {BANNER_LINES_MAX}: move the rest to the type it explains")
        if source.suffix == ".h" and "#pragma once" not in source.lines[: BANNER_LINES_MAX + 2]:
            yield Finding("pragma-once", source.path, 1, "a header has `#pragma once` right after its banner")


_VAGUE = re.compile(r"manager|helper|util", re.IGNORECASE)


def vague_names(repo):
    for source in repo:
        file = source.path.rsplit("/", 1)[-1]
        if source.suffix in (".cc", ".h", ".py", ".js", ".mjs") and _VAGUE.search(file.replace("turnutils", "")):
            yield Finding("vague-name", source.path, 1, f"`{file}` says nothing: name what it does")
    for source in repo.cpp():
        for match in re.finditer(r"\b(?:class|struct|namespace)\s+(\w*(?:Manager|Helper|Util|manager|helper|util)\w*)", source.code):
            yield Finding("vague-name", source.path, source.line_of(match.start()), f"`{match.group(1)}` says nothing: name what it does")


RULES = [long_files, long_functions, banners, vague_names]
