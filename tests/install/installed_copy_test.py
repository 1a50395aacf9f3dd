"""The installed library, from outside: what is laid down, that programs build against it, and that they do what they say.

usage: installed_copy_test.py --source FOLDER --build FOLDER --work FOLDER --compiler g++|clang++-19
                              --library from_build|alone --find find_package|pkg_config
"""

import argparse
import os
import pathlib
import re
import shutil
import sys
import unittest

import beast_ported_example_test
import building
import echo_example_test
import file_example_test
import grpc_example_test
import http2_example_test
import http_example_test
import running
import tls_example_test

EXAMPLES = (beast_ported_example_test, echo_example_test, file_example_test, grpc_example_test, http2_example_test, http_example_test,
            tls_example_test)
NEEDED = ("cmake", "ninja", "pkg-config", "openssl")


class InstalledCopy(unittest.TestCase):
    """What is installed, beside the examples that are built against it."""

    copy = None
    find = None

    def test_every_public_header_is_there_and_nothing_private(self):
        installed = building.files_below(self.copy.prefix)
        public = [name for name in building.files_below(self.copy.source / "include") if name.endswith(".hpp")]
        self.assertEqual([name for name in installed if name.startswith("include/")], [f"include/{name}" for name in public])
        rest = {name for name in installed if not name.startswith("include/")}
        self.assertEqual(rest, {"lib/libuncork_http2.a", "lib/libuncork_stream.a", "lib/pkgconfig/uncork.pc", "share/doc/uncork/LICENSE",
                                *(f"lib/cmake/uncork/uncork-{part}.cmake"
                                  for part in ("config", "config-version", "targets", "targets-relwithdebinfo"))})

    def test_no_installed_text_knows_where_it_was_built_or_first_installed(self):
        for name in building.files_below(self.copy.prefix):
            if name.endswith(".a"):
                continue
            text = (self.copy.prefix / name).read_text()
            for path in (self.copy.source, self.copy.build, self.copy.work):
                self.assertNotIn(str(path), text, name)

    def test_another_minor_version_is_refused_and_this_one_is_not(self):
        project = self.copy.work / "versions"
        project.mkdir()
        (project / "CMakeLists.txt").write_text("""
            cmake_minimum_required(VERSION 3.25)
            project(versions LANGUAGES CXX)
            find_package(uncork 0.2 CONFIG QUIET)
            if(uncork_FOUND OR NOT uncork_CONSIDERED_VERSIONS STREQUAL "0.1.0")
              message(FATAL_ERROR "asked for 0.2: ${uncork_FOUND}, considered '${uncork_CONSIDERED_VERSIONS}'")
            endif()
            find_package(uncork 0.1 CONFIG REQUIRED)
            """)
        building.run("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.copy.prefix}",
                     f"-DCMAKE_CXX_COMPILER={self.copy.compiler}")
        self.assertEqual(self.copy.pkg_config("--modversion", "uncork"), ["0.1.0"])

    def test_the_other_way_to_find_it_serves_too(self):
        source = self.copy.source / "tests" / "install" / "small_program"
        if self.find == "pkg_config":
            self.copy.build_by_find_package(source)
        else:
            self.copy.build_by_pkg_config(source)
        self.assertEqual(building.run(self.copy.programs / "small_program"), "ok\nuncork.stream\n")

    def test_it_links_statically_and_into_a_shared_library(self):
        source = self.copy.source / "tests" / "install" / "small_program" / "small_program.cpp"
        self.copy.compile_by_pkg_config(source, self.copy.work / "static_program", "-static")
        self.assertEqual(building.run(self.copy.work / "static_program"), "ok\nuncork.stream\n")
        self.copy.compile_by_pkg_config(source, self.copy.work / "shared.so", "-shared", "-fPIC", "-Wl,-z,text,-z,defs")

    def test_beast_runs_over_it(self):
        source = self.copy.source / "tests" / "install" / "beast_program" / "beast_program.cpp"
        self.copy.compile_by_pkg_config(source, self.copy.work / "beast_program")
        self.assertEqual(building.run(self.copy.work / "beast_program"), "ok\n")

    def test_the_code_in_the_document_compiles(self):
        document = (self.copy.source / "docs" / "streams.md").read_text()
        pieces = re.findall(r"^```cpp\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
        self.assertGreaterEqual(len(pieces), 4)
        source = self.copy.work / "document.cpp"
        source.write_text("\n".join([self.beside_the_document(), *pieces]))
        self.copy.compile_by_pkg_config(source, self.copy.work / "document.so", "-shared", "-fPIC")

    def beside_the_document(self):
        """What its code takes for granted: every public header, Asio, short names."""
        headers = [name.removeprefix("include/") for name in building.files_below(self.copy.prefix)
                   if name.startswith("include/") and "/detail/" not in name]
        others = ("boost/asio.hpp", "boost/asio/experimental/awaitable_operators.hpp", "iostream", "sys/uio.h")
        return "\n".join([*(f"#include <{name}>" for name in (*others, *headers)),
                          "namespace asio = boost::asio;", "using asio::ip::tcp;"])

    def test_the_program_is_a_component_of_its_own(self):
        prefix = self.copy.work / "program"
        building.run("cmake", "--install", self.copy.build, "--prefix", prefix, "--component", "program")
        self.assertEqual(building.files_below(prefix), [
            "bin/uncork", "lib/uncork/libuncork_merge.so", "share/bash-completion/completions/uncork", "share/doc/uncork/LICENSE",
            "share/doc/uncork/LICENSE.bpf", "share/fish/vendor_completions.d/uncork.fish", "share/man/man1/uncork.1",
            "share/zsh/site-functions/_uncork"])
        self.assertIn("0.1.0", building.run(prefix / "bin" / "uncork", "--version"))
        preloaded = building.run(prefix / "bin" / "uncork", "run", "--merge", "--", "sh", "-c", "echo $LD_PRELOAD")
        self.assertIn(str(prefix / "lib/uncork/libuncork_merge.so"), preloaded.splitlines())


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("source", "build", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--library", choices=("from_build", "alone"), required=True)
    parser.add_argument("--find", choices=("find_package", "pkg_config"), required=True)
    return parser.parse_args()


def main():
    wanted = arguments()
    missing = [name for name in (*NEEDED, wanted.compiler) if not shutil.which(name)]
    if missing:
        print(f"skipped: not installed here: {', '.join(missing)}")
        return 1 if os.environ.get("UNCORK_REQUIRE") == "all" else 77

    copy = building.Copy(wanted.source, wanted.build, wanted.work, wanted.compiler)
    copy.install_alone() if wanted.library == "alone" else copy.install_from_build()
    examples = copy.source / "examples"
    copy.build_by_find_package(examples) if wanted.find == "find_package" else copy.build_by_pkg_config(examples)

    InstalledCopy.copy, InstalledCopy.find, running.Example.copy = copy, wanted.find, copy
    load = unittest.defaultTestLoader
    tests = unittest.TestSuite([load.loadTestsFromTestCase(InstalledCopy), *map(load.loadTestsFromModule, EXAMPLES)])
    return 0 if unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
