"""Installs the library into a folder of its own and builds programs against that copy, as a user would."""

import concurrent.futures
import os
import shutil
import subprocess

# What the library alone must not even look for.
NOT_NEEDED = ("CLI11", "GTest", "OpenSSL", "PkgConfig", "fmt", "nlohmann_json")
TLS = ("beast_ported", "grpc_client", "grpc_server", "http2_server", "tls_client", "tls_server")


def run(*command, **more):
    """What the command printed; if it fails, that goes into the error."""
    words = [str(word) for word in command]
    ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                         timeout=500, check=False, **more)
    if ran.returncode != 0:
        raise RuntimeError(f"exit code {ran.returncode}: {' '.join(words)}\n{ran.stdout}")
    return ran.stdout


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Copy:
    """The library installed below `work`, and what is built against it there with one compiler."""

    def __init__(self, source, build, work, compiler):
        self.source, self.build, self.work, self.compiler = source, build, work, compiler
        self.prefix = work / "moved here"  # a blank in the path finds what was not quoted
        self.programs = work / "programs"
        self.ccache = [shutil.which("ccache")] if shutil.which("ccache") else []
        shutil.rmtree(work, ignore_errors=True)
        self.programs.mkdir(parents=True)

    # ---- installing --------------------------------------------------------------------------------------------------
    def install_from_build(self):
        """The build of everything, of which only the library is installed."""
        self._install(self.build)

    def install_alone(self):
        """A build of the library alone, where the packages that only the rest needs cannot be found."""
        build = self.work / "alone"
        self._cmake(self.source, build, "-DUNCORK_LIBRARY_ONLY=ON", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                    *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in NOT_NEEDED))
        self._install(build)

    def _install(self, build):
        """Installs, then moves the tree: paths that point to where it was are of no use any more."""
        first = self.work / "installed here"
        run("cmake", "--install", build, "--prefix", first, "--component", "library")
        first.rename(self.prefix)

    # ---- building ----------------------------------------------------------------------------------------------------
    def build_by_find_package(self, sources):
        """The CMake project in the folder `sources`."""
        build = self.work / f"build {sources.name}"
        self._cmake(sources, build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        for path in build.iterdir():
            if path.is_file() and os.access(path, os.X_OK):
                shutil.copy2(path, self.programs / path.name)

    def build_by_pkg_config(self, sources):
        """Each source in the folder `sources` as a program, several at a time."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._compile, sorted(sources.glob("*.cpp"))))

    def compile_by_pkg_config(self, source, output, *more):
        flags = self.pkg_config("--cflags", "--libs", "uncork", *(["openssl"] if source.stem in TLS else []))
        run(*self.ccache, self.compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", *more, source, "-o", output, *flags)

    def pkg_config(self, *arguments):
        environment = os.environ | {"PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")}
        # As a shell reads it: pkg-config escapes the blank.
        return run("sh", "-c", 'eval "printf \'%s\\n\' $(pkg-config "$@")"', "sh", *arguments, env=environment).splitlines()

    def _compile(self, source):
        self.compile_by_pkg_config(source, self.programs / source.stem)

    def _cmake(self, source, build, *options):
        launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={self.ccache[0]}"] if self.ccache else []
        run("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_CXX_COMPILER={self.compiler}", *launcher, *options)
        run("cmake", "--build", build)
