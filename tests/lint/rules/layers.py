"""The arrows of ARCHITECTURE.md: which folder may include and link what, and what a pure folder may not touch at all."""

import re

from .source import Finding

# Folder -> the Noom folders it may include. The longest matching prefix counts.
ARROWS = {
    "common/base": ["common/base"],
    "common/wire": ["common/base", "common/wire"],
    "common/auth": ["common/base", "common/wire", "common/auth"],
    "common/io": ["common/base", "common/io"],
    "common/ops": ["common/base", "common/io", "common/ops"],
    "common/post": ["common/base", "common/io", "common/wire", "common/post"],
    "common/usage": ["common/base", "common/io", "common/ops", "common/post", "common/usage"],
    "common/bus": ["common/base", "common/io", "common/bus"],
    "common/bus/daemon": ["common/base", "common/io", "common/ops", "common/bus", "common/bus/daemon"],
}
for _daemon in ("stun", "turn", "signal"):
    _pure = ["common/base", "common/wire", "common/auth", f"{_daemon}/core"]
    ARROWS[f"{_daemon}/core"] = _pure
    _bus = [] if _daemon == "stun" else ["common/bus"]
    _told = [] if _daemon == "stun" else ["common/post", "common/usage"]
    ARROWS[f"{_daemon}/shell"] = [*_pure, "common/io", *_bus, f"{_daemon}/shell"]
    ARROWS[_daemon] = [*_pure, "common/io", "common/ops", *_told, *_bus, *(f"{each}/daemon" for each in _bus), f"{_daemon}/shell", _daemon]
ARROWS["ctl"] = ["common/base", "common/wire", "common/auth", "common/io", "common/ops", "ctl"]

PURE = ["common/base", "common/wire", "common/auth", "stun/core", "turn/core", "signal/core"]

# What a pure folder may not include, and what to do instead.
IMPURE_INCLUDES = [
    (r"boost/(asio|beast)|asio", "sockets and timers belong in the shell; the core returns what to do in its Output"),
    (r"sys/|netdb\.h|unistd\.h|poll\.h|fcntl\.h|ifaddrs\.h|net/", "no operating system in a core; let the shell do it and hand the result in"),
    (r"(thread|mutex|shared_mutex|condition_variable|future|stop_token)", "a core is single-threaded; the shell owns threads and hands messages over"),
    (r"(iostream|fstream|filesystem|syslog\.h|print)", "a core writes nothing; return an Event or a LogField list"),
    (r"(random|openssl/rand\.h|sys/random\.h)", "take a noom::Random& (common/base/random.h)"),
    (r"(ctime|time\.h|sys/time\.h)", "take a noom::Now (common/base/time.h)"),
    (r"systemd/.*|prometheus/.*|toml\+\+/.*|toml\.hpp|absl/time/clock\.h|absl/synchronization/.*", "that belongs in common/ops or a shell"),
]
# The quota is the one thing that shards share and write (ARCHITECTURE.md, "Shards").
IMPURE_ALLOWED = {("turn/core/quota.h", "mutex")}
IMPURE_CALLS = [
    (r"\w*[cC]lock::now\s*\(", "take a noom::Now (common/base/time.h); the shell reads the clock once per batch"),
    (r"(?<![\w.>])(rand|srand|random|arc4random|getrandom|RAND_bytes)\s*\(", "take a noom::Random& (common/base/random.h)"),
    (r"(?<![\w.>])(time\s*\(\s*(?:nullptr|NULL|0|&)|clock\s*\(\s*\)|gettimeofday\s*\(|clock_gettime\s*\()", "take a noom::Now (common/base/time.h)"),
    (r"(?<![\w.>])(getenv|secure_getenv|setenv)\s*\(", "configuration is handed in as settings"),
    # Last words before an abort are not logging.
    (r"(?<![\w.>])(printf|fprintf|puts|syslog)\s*\((?![^;]*;\s*(?:std::)?abort\b)|std::(cout|cerr|clog)", "return an Event or a LogField list"),
]

# Noom library -> the Noom libraries its LINK list may name.
LINKS = {
    "base": [],
    "wire": ["base"],
    "auth": ["base", "wire"],
    "io": ["base"],
    "ops": ["base", "io"],
    "post": ["base", "io", "wire"],
    "usage": ["base", "io", "ops", "post"],
    "bus": ["base", "io"],
    "bus_daemon": ["base", "io", "ops", "bus"],
    "ctl": ["base", "wire", "auth", "io", "ops"],
}
for _daemon in ("stun", "turn", "signal"):
    LINKS[f"{_daemon}_core"] = ["base", "wire", "auth"]
    LINKS[f"{_daemon}_shell"] = ["base", "wire", "auth", "io", *([] if _daemon == "stun" else ["bus"]), f"{_daemon}_core"]
PURE_LIBRARIES = ["base", "wire", "auth", "stun_core", "turn_core", "signal_core"]
PURE_EXTERNALS = re.compile(r"absl::|OpenSSL::Crypto$|ZLIB::ZLIB$|unistring$|Boost::(json|system|headers)$")


def longest_prefix(path, folders):
    fitting = [folder for folder in folders if path.startswith(folder + "/")]
    return max(fitting, key=len) if fitting else None


def arrows(repo):
    """Includes follow the arrows; Noom's own headers are named from the root."""
    for source in repo.cpp():
        folder = longest_prefix(source.path, ARROWS)
        for include in source.includes:
            if not include.quoted:
                continue
            if include.target not in repo.sources and not include.target.endswith(".inc"):
                yield Finding("include-from-root", source.path, include.line, f'"{include.target}" is no file here: name headers from the repository\'s root')
                continue
            used = longest_prefix(include.target, ARROWS) or ""
            if folder and used not in ARROWS[folder]:
                allowed = ", ".join(ARROWS[folder])
                yield Finding("arrow", source.path, include.line, f"{folder} may not use {used or include.target}; it may use {allowed}")


def purity(repo):
    """Cores and the pure part of common own no socket, thread, clock, environment or output."""
    for source in repo.cpp():
        if not longest_prefix(source.path, PURE):
            continue
        for include in source.includes:
            for pattern, remedy in IMPURE_INCLUDES:
                allowed = include.quoted or (source.path, include.target) in IMPURE_ALLOWED
                if not allowed and re.match(rf"(?:{pattern})(?:$|(?<=/)|[./])", include.target):
                    yield Finding("pure", source.path, include.line, f"<{include.target}> in a pure folder: {remedy}")
                    break
        for pattern, remedy in IMPURE_CALLS:
            for match in re.finditer(pattern, source.code):
                yield Finding("pure", source.path, source.line_of(match.start()), f"{match.group(0).strip('(')} in a pure folder: {remedy}")


_HASHED = r"(?:absl::(?:flat|node)_hash_(?:map|set)|std::unordered_(?:multi)?(?:map|set))\s*<"


def hash_order(repo):
    """Nothing whose order can reach an output comes from a hash table."""
    names_by_stem = {}
    pure = [source for source in repo.cpp() if longest_prefix(source.path, PURE)]
    for source in pure:
        stem = source.path.rsplit(".", 1)[0]
        names_by_stem.setdefault(stem, set()).update(hashed_names(source.code))
    for source in pure:
        for name in names_by_stem[source.path.rsplit(".", 1)[0]]:
            pattern = rf"for\s*\([^;()]*:\s*[\w.\->]*\b{re.escape(name)}\s*\)|\b{re.escape(name)}\s*\.\s*c?begin\s*\("
            for match in re.finditer(pattern, source.code):
                yield Finding(
                    "hash-order", source.path, source.line_of(match.start()),
                    f"walks the hash table `{name}`, whose order is not ours: look up in it, iterate an ordered container or a HandleTable",
                )


def hashed_names(code):
    """Names of variables and members declared with a hash table's type."""
    for match in re.finditer(_HASHED, code):
        depth, end = 1, match.end()
        while end < len(code) and depth:
            depth += {"<": 1, ">": -1}.get(code[end], 0)
            end += 1
        declared = re.match(r"\s*&?\s*(\w+)\s*[;={]", code[end:])
        if declared:
            yield declared.group(1)


def one_websocket_unit(repo):
    """Beast's WebSocket headers cost half a minute and a gigabyte per unit: one unit pays."""
    heavy = re.compile(r"boost/(beast/websocket|beast\.hpp)")
    reaches = {}

    def reached(path, seen):
        if path in reaches:
            return reaches[path]
        source = repo.sources.get(path)
        if source is None or path in seen:
            return False
        seen.add(path)
        found = any(heavy.match(i.target) if not i.quoted else reached(i.target, seen) for i in source.includes)
        reaches[path] = found
        return found

    units = [s.path for s in repo.cpp() if s.suffix == ".cc" and not s.path.startswith("tests/") and reached(s.path, set())]
    for path in units[1:]:
        yield Finding("one-websocket-unit", path, 1, f"includes Beast WebSocket, and so does {units[0]}: go through that unit's interface")


def cmake_targets(repo):
    """(path, line, library, {SECTION: [words]}) of every noom_library call."""
    for source in repo:
        if not source.path.endswith("CMakeLists.txt"):
            continue
        text = re.sub(r"#[^\n]*", lambda m: " " * len(m.group(0)), source.text)
        for call in re.finditer(r"\bnoom_library\s*\(([^)]*)\)", text):
            words = call.group(1).split()
            sections, current = {}, None
            for word in words[1:]:
                if word in ("SOURCES", "HEADERS", "LINK", "LINK_PRIVATE"):
                    current = sections.setdefault(word, [])
                elif current is not None:
                    current.append(word)
            yield source.path, source.line_of(call.start()), words[0], sections


def links(repo):
    """LINK lists name no more than the arrows allow."""
    for path, line, library, sections in cmake_targets(repo):
        for target in sections.get("LINK", []) + sections.get("LINK_PRIVATE", []):
            if target.startswith("noom::"):
                if library in LINKS and target[6:] not in LINKS[library]:
                    yield Finding("link-arrow", path, line, f"noom_{library} may not link {target}; it may link {LINKS[library]}")
            elif library in PURE_LIBRARIES and not PURE_EXTERNALS.match(target):
                yield Finding("link-pure", path, line, f"noom_{library} is pure and may not link {target}: that belongs in a shell, common/io or common/ops")


def listed(repo):
    """Each header is compiled alone and each source is built: both must stand in a target's list."""
    in_lists = set()
    for path, _, _, sections in cmake_targets(repo):
        folder = path[: -len("CMakeLists.txt")]
        in_lists.update(folder + word for word in sections.get("SOURCES", []) + sections.get("HEADERS", []))
    for source in repo.cpp():
        folder = longest_prefix(source.path, ARROWS)
        if folder and "/" in folder and source.path not in in_lists:
            section = "HEADERS" if source.suffix == ".h" else "SOURCES"
            yield Finding("listed", source.path, 1, f"stands in no noom_library: add it to {section} in {folder}/CMakeLists.txt")


RULES = [arrows, purity, hash_order, one_websocket_unit, links, listed]
