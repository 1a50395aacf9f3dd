// uncork: finds, proves and cures the stalls that small TCP writes cause. Arguments and wiring only.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "cli/catalogue.hpp"
#include "cli/command_line.hpp"
#include "cli/manual.hpp"
#include "cli/output.hpp"
#include "cli/unknown_word.hpp"
#include "cli/verb.hpp"

namespace {

using uncork::cli::Exit;
using uncork::cli::Parsed;
using uncork::cli::Program;
using uncork::cli::ShownVerb;
using uncork::cli::Verb;

Exit usage_error(const Parsed& parsed, const std::string& unknown) {
  const std::string help = fmt::format("{} --help", fmt::join(parsed.named.back().path, " "));
  // First, since an option that is misspelt also misses.
  if (!unknown.empty()) {
    uncork::cli::say("{}\nuncork: see '{}'\n", unknown, help);
  } else {
    uncork::cli::say("uncork: {}\nuncork: see '{}'\n", parsed.text, help);
  }
  return Exit::usage;
}

/// What the build makes of the program's own help: `uncork manual man|bash|zsh|fish`.
void add_manual(const Program& program, uncork::cli::Action& chosen) {
  using Make = std::string (*)(const ShownVerb&);
  const Make man = [](const ShownVerb& of) { return uncork::cli::manual_page(of, UNCORK_VERSION); };
  const Verb verb = program.top().add_subcommand("manual", "");
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
      uncork::cli::put((*make)(program.catalogue()));
      return Exit::ok;
    };
  });
}

Exit run(int argc, char** argv) {
  Program program("uncork", "Find, prove and cure the stalls that small TCP writes cause.", UNCORK_VERSION);
  const Verb top = program.top();
  top.footer(
      "Start with:\n  uncork lab              see a stall, its cause and its cure on this machine\n"
      "  uncork watch --for 10s  watch this machine's own connections\n\n"
      "Exit codes: 0 nothing wrong, 1 stall found or scenario failed, 2 usage, "
      "3 not permitted or not possible here, 4 internal.");
  uncork::cli::Action chosen;
  uncork::cli::add_watch(top, chosen);
  uncork::cli::add_why(top, chosen);
  uncork::cli::add_sockets(top, chosen);
  uncork::cli::add_collect(top, chosen);
  uncork::cli::add_top(top, chosen);
  uncork::cli::add_show(top, chosen);
  uncork::cli::add_query(top, chosen);
  uncork::cli::add_verify(top, chosen);
  uncork::cli::add_lab(top, chosen);
  uncork::cli::add_check(top, chosen);
  uncork::cli::add_cure(top, chosen);
  uncork::cli::add_run(top, chosen);
  uncork::cli::add_proxy(top, chosen);
  uncork::cli::add_send(top, chosen);
  uncork::cli::add_recv(top, chosen);
  uncork::cli::add_doctor(top, chosen);
  uncork::cli::add_zino(top, chosen);
  uncork::cli::add_h2(top, chosen);
  add_manual(program, chosen);
  const Parsed parsed = program.parse(argc, argv);
  if (parsed.outcome != Parsed::Outcome::chosen) {
    const std::string unknown = uncork::cli::unknown_word(parsed, program.catalogue());
    if (parsed.outcome == Parsed::Outcome::wrong || !unknown.empty()) return usage_error(parsed, unknown);
    uncork::cli::print_text(parsed.text);
    return Exit::ok;
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
