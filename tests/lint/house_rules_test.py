#!/usr/bin/python3
"""The lint's own test: every rule catches its bad sample, and good code passes."""

import sys
import unittest

from house_rules import RULES, check
from rules import shape
from rules.source import Repo, Source

HEADER = "// What lives here.\n#pragma once\n"
CMAKE = "noom_library(turn_core\n  SOURCES {sources}\n  HEADERS {headers}\n  LINK {link})\n"
LONG_BODY = "  step();\n" * 71
WORK = "/wo" + "rk/"


def turn_core(code, link="noom::base noom::wire noom::auth absl::strings"):
    """A repository whose only library is turn/core with one header holding `code`."""
    return [("turn/core/CMakeLists.txt", CMAKE.format(sources="", headers="routes.h", link=link)), ("turn/core/routes.h", HEADER + code)]


def alone(path, text):
    return [(path, text)]


BAD = {
    "arrow": [
        turn_core('#include "common/io/shard.h"\n') + alone("common/io/shard.h", HEADER),
        turn_core('#include "signal/core/hub.h"\n') + alone("signal/core/hub.h", HEADER),
        alone("common/base/a.h", HEADER + '#include "common/wire/message.h"\n') + alone("common/wire/message.h", HEADER),
        alone("turn/shell/a.cc", '// Shell.\n#include "common/ops/metrics.h"\n') + alone("common/ops/metrics.h", HEADER),
    ],
    "include-from-root": [turn_core('#include "routes_extra.h"\n'), turn_core('#include "../base/bytes.h"\n')],
    "pure": [
        turn_core("#include <boost/asio/ip/udp.hpp>\n"),
        turn_core("#include <sys/socket.h>\n"),
        turn_core("#include <thread>\n"),
        turn_core("#include <mutex>\n"),
        turn_core("#include <iostream>\n"),
        turn_core("#include <random>\n"),
        turn_core("inline auto f() { return std::chrono::steady_clock::now(); }\n"),
        turn_core("inline int f() { return rand(); }\n"),
        turn_core('inline auto f() { return std::getenv("HOME"); }\n'),
        turn_core("inline auto f() { return time(nullptr); }\n"),
        turn_core('inline void f() { std::cerr << "x"; }\n'),
        turn_core('inline void f() { fprintf(stderr, "x"); }\n'),
    ],
    "hash-order": [
        turn_core("struct A { absl::flat_hash_map<int, std::vector<int>> routes_; void f() { for (auto& r : routes_) use(r); } };\n"),
        turn_core("struct A { std::unordered_map<int, int> routes_; auto f() { return routes_.begin(); } };\n"),
        turn_core("struct A { absl::flat_hash_set<int> ids; };\ninline void f(A& a) { for (int id : a.ids) use(id); }\n"),
    ],
    "one-websocket-unit": [
        alone("signal/shell/a.cc", "// A.\n#include <boost/beast/websocket.hpp>\n")
        + alone("signal/shell/ws.h", HEADER + "#include <boost/beast/websocket/stream.hpp>\n")
        + alone("signal/shell/b.cc", '// B.\n#include "signal/shell/ws.h"\n')
    ],
    "link-arrow": [turn_core("", link="noom::base noom::io"), alone("common/base/CMakeLists.txt", "noom_library(base\n  SOURCES a.cc\n  LINK noom::wire)\n")],
    "link-pure": [turn_core("", link="noom::base Boost::asio"), turn_core("", link="noom::base Threads::Threads")],
    "listed": [turn_core("") + alone("turn/core/forgotten.cc", "// Forgotten.\n")],
    "file-length": [alone("turn/long.cc", "// Long.\n" + "int x;\n" * 500)],
    "function-length": [
        alone("turn/a.cc", "// A.\nvoid Server::on_client(Now now,\n                       int b) const {\n" + LONG_BODY + "}\n"),
        alone("turn/a.cc", "// A.\nnamespace noom {\nstruct A {\n  A() : a_{1}, b_(2) {\n" + LONG_BODY + "  }\n};\n}\n"),
        alone("tests/unit/a_test.cc", "TEST(A, B) {\n" + LONG_BODY + "}\n"),
        alone("tests/e2e/a.py", "def f():\n" + "    step()\n" * 71),
        alone("web/a.js", "export async function f(a, b) {\n" + LONG_BODY + "}\n"),
        alone("web/a.js", "class A {\n  handle(a) {\n" + LONG_BODY + "  }\n}\n"),
    ],
    "banner": [alone("turn/a.h", "#pragma once\n"), alone("turn/a.h", "// Much.\n" * 12 + "#pragma once\n"), alone("turn/main.cc", "int main() {}\n")],
    "pragma-once": [alone("turn/a.h", "// A.\nint x;\n")],
    "vague-name": [alone("turn/string_util.h", HEADER), alone("turn/a.h", HEADER + "class SessionManager {};\n")],
    "unfinished": [alone("turn/a.cc", "// A.\n// TO" + "DO: more\n"), alone("docs/a.md", "FIX" + "ME\n")],
    "sleep": [
        alone("tests/e2e/a.py", "import time\ntime.sleep(1)\n"),
        alone("tests/unit/a_test.cc", "void f() { std::this_thread::sleep_for(1s); }\n"),
        alone("tests/e2e/browser/a.mjs", "await page.waitForTimeout(500);\n"),
        alone("tests/e2e/a.sh", "sleep 1\n"),
    ],
    "secret-shown": [
        alone("turn/a.cc", '// A.\nvoid f() { log.info("started", {{"key", secret.reveal()}}); }\n'),
        alone("turn/a.cc", '// A.\nvoid f() { log.warning("refused", {{"password", text}}); }\n'),
        alone("turn/a.cc", '// A.\nauto f() { return absl::InvalidArgumentError(\n    absl::StrCat("bad ", secret.reveal())); }\n'),
    ],
    "broken-link": [alone("docs/a.md", "[Install](instal.md)\n")],
    "machine-trace": [alone("docs/a.md", f"See {WORK}noom for it.\n"), alone("docs/a.md", "https://regi" + "stry.example.org/x\n")],
}

GOOD = {
    "a core that keeps the rules": turn_core(
        '#include <absl/container/flat_hash_map.h>\n\n#include <chrono>\n\n#include "common/base/time.h"\n'
        "// It may say time(nullptr) or std::thread in a comment.\n"
        'inline const char* f() { return "std::cout << rand()"; }\n'
        "struct A {\n  absl::flat_hash_map<int, int> by_id_;\n  int find(int id) { return by_id_.find(id)->second; }\n  Mono time(int);\n};\n"
    )
    + alone("common/base/CMakeLists.txt", "noom_library(base\n  HEADERS time.h)\n")
    + alone("common/base/time.h", HEADER),
    "last words before an abort": turn_core('inline void f() { std::fprintf(stderr, "broken");\n  std::abort(); }\n'),
    "a long class of short functions": alone("turn/a.h", HEADER + "class A {\n" + "  int f(int a) { return a; }\n" * 90 + "};\n"),
    "a long table": alone("turn/a.cc", "// A.\nconst std::array<Row, 90> kRows = {{\n" + "    {1, f(2)},\n" * 90 + "}};\n"),
    "a long anonymous namespace": alone("turn/a.cc", "// A.\nnamespace {\n" + "int f(int a) {\n  if (a) {\n    return 1;\n  }\n  return 0;\n}\n" * 40 + "}\n"),
    "one WebSocket unit, seen by tests too": alone("signal/shell/ws.cc", "// A.\n#include <boost/beast/websocket.hpp>\n")
    + alone("signal/shell/CMakeLists.txt", "noom_library(signal_shell SOURCES ws.cc)\n")
    + alone("tests/unit/signal/ws_test.cc", "#include <boost/beast/websocket.hpp>\n"),
    "a secret named, not shown": alone("turn/a.cc", '// A.\nvoid f() { log.warning("secret_readable", {{"secret_file", path}}); }\n'),
    "links that lead somewhere": alone("docs/a.md", "[A](../README.md#part), [B](b), [C](https://example.org/x), [D](#part)\n")
    + alone("README.md", "")
    + alone("docs/b/c.md", ""),
    "waiting with a deadline": alone("tests/e2e/a.py", "ready.wait(timeout=5)\n"),
}


def findings(files):
    return check(Repo([Source(path, text) for path, text in files]))


class HouseRules(unittest.TestCase):
    def test_every_bad_sample_is_caught(self):
        for rule, samples in BAD.items():
            for number, files in enumerate(samples):
                with self.subTest(rule=rule, sample=number):
                    self.assertIn(rule, [finding.rule for finding in findings(files)])

    def test_good_code_passes(self):
        for name, files in GOOD.items():
            with self.subTest(name):
                self.assertEqual([], [str(finding) for finding in findings(files)])

    def test_every_rule_has_a_bad_sample(self):
        caught = {finding.rule for samples in BAD.values() for files in samples for finding in findings(files)}
        self.assertEqual(set(BAD), caught)
        self.assertGreaterEqual(len(BAD), len(RULES))

    def test_a_finding_names_its_place_and_its_remedy(self):
        found = findings(turn_core("#include <thread>\n"))
        self.assertEqual(1, len(found))
        self.assertRegex(str(found[0]), r"^turn/core/routes\.h:3: \[pure\] <thread> in a pure folder: .*shell owns threads")

    def test_functions_are_measured_from_head_to_brace(self):
        code = "// A.\nint f(\n    int a) {\n  return [a] {\n    return a;\n  }();\n}\n\nstruct S {\n  S() : a_{1} {}\n  int a_;\n};\n"
        self.assertEqual([("f", 2, 7), ("S", 10, 10)], list(shape.cpp_functions(Source("a.cc", code).code)))


if __name__ == "__main__":
    sys.exit(unittest.main())
