// uncork: finds, proves and cures the stalls that small TCP writes cause. Arguments and wiring only.

#include <pthread.h>
#include <CLI/CLI.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "cli/catalogue.hpp"
#include "cli/manual.hpp"
#include "cli/output.hpp"
#include "cli/unknown_word.hpp"
#include "cli/verb.hpp"

namespace {

using uncork::cli::Exit;
using uncork::cli::Verb;

Exit usage_error(const CLI::App& program, const CLI::ParseError& error) {
  // First, since an option that is misspelt also misses.
  const std::string unknown = uncork::cli::unknown_word(program);
  const std::string help = uncork::cli::full_name(uncork::cli::innermost(program)) + " --help";
  if (!unknown.empty()) {
    uncork::cli::say("{}\nuncork: see '{}'\n", unknown, help);
  } else {
    uncork::cli::say("uncork: {}\nuncork: see '{}'\n", error.what(), help);
  }
  return Exit::usage;
}

/// Help and version are what CLI11 writes, written by us.
Exit show(const CLI::App& program, const CLI::Success& help_or_version) {
  std::ostringstream text;
  const int exit = program.exit(help_or_version, text, text);
  uncork::cli::print_text(text.str());
  return exit == 0 ? Exit::ok : Exit::internal;
}

/// What the build makes of the program's own help: `uncork manual man|bash|zsh|fish`.
void add_manual(const CLI::App& program, const Verb& top, uncork::cli::Action& chosen) {
  using Make = std::string (*)(const CLI::App&);
  const Make man = [](const CLI::App& of) { return uncork::cli::manual_page(of, UNCORK_VERSION); };
  const Verb verb = top.add_subcommand("manual", "");
  verb.hide();
  const auto make = std::make_shared<Make>(man);
  uncork::cli::add_choice<Make>(verb, "what", *make,
                                {{"man", man},
                                 {"bash", uncork::cli::bash_completion},
                                 {"zsh", uncork::cli::zsh_completion},
                                 {"fish", uncork::cli::fish_completion}},
                                "");
  verb.callback([&program, make, &chosen] {
    chosen = [&program, make] {
      uncork::cli::put((*make)(program));
      return Exit::ok;
    };
  });
}

Exit run(int argc, char** argv) {
  CLI::App program("Find, prove and cure the stalls that small TCP writes cause.", "uncork");
  program.require_subcommand(1);
  program.set_version_flag("--version", "uncork " UNCORK_VERSION);
  program.footer(
      "Start with:\n  uncork lab              see a stall, its cause and its cure on this machine\n"
      "  uncork watch --for 10s  watch this machine's own connections\n\n"
      "Exit codes: 0 nothing wrong, 1 stall found or scenario failed, 2 usage, "
      "3 not permitted or not possible here, 4 internal.");
  uncork::cli::Action chosen;
  const Verb top(program);
  uncork::cli::add_watch(top, chosen);
  uncork::cli::add_sockets(top, chosen);
  uncork::cli::add_lab(top, chosen);
  uncork::cli::add_cure(top, chosen);
  uncork::cli::add_proxy(top, chosen);
  uncork::cli::add_send(top, chosen);
  uncork::cli::add_recv(top, chosen);
  uncork::cli::add_doctor(top, chosen);
  uncork::cli::add_zino(top, chosen);
  add_manual(program, top, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    if (!uncork::cli::unknown_word(program).empty()) return usage_error(program, help_or_version);
    return show(program, help_or_version);
  } catch (const CLI::ParseError& error) {
    return usage_error(program, error);
  }
  return chosen();
}

/// The kernel calls a process that was started through /proc/self/exe `exe`; then it takes the name that it was given.
void take_name(const char* given) {
  std::array<char, 16> name{};
  if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) != 0 || std::string_view(name.data()) != "exe") return;
  const std::string wanted = std::string(given).substr(std::string(given).rfind('/') + 1, name.size() - 1);
  ::pthread_setname_np(::pthread_self(), wanted.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  uncork::cli::keep_standard_descriptors();
  if (argc > 0) take_name(argv[0]);
  try {
    const Exit exit = run(argc, argv);
    uncork::cli::flush();
    return static_cast<int>(exit);
  } catch (const uncork::cli::OutputLost& lost) {
    if (lost.system_errno == EPIPE) return static_cast<int>(Exit::ok);  // the reader has had what it wanted
    return static_cast<int>(uncork::cli::report_error(uncork::core::system_error("write standard output", lost.system_errno)));
  } catch (const std::exception& error) {  // a library threw where none should: our fault, said plainly
    uncork::cli::say("uncork: internal error: {}\n", error.what());
    return static_cast<int>(Exit::internal);
  }
}
