// uncork: finds, proves and cures the stalls that small TCP writes cause. Arguments and wiring only.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/nearest.hpp"
#include "cli/verb.hpp"

namespace {

using uncork::cli::Exit;

/// The verb that was being read, with those that it is a part of: `zino pm add `.
std::string chosen_path(const CLI::App& program) {
  std::string path;
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    path += at->get_name() + " ";
  }
  return path;
}

Exit usage_error(const CLI::App& program, const CLI::ParseError& error, int argc, char** argv) {
  const std::string unknown = argc > 1 ? argv[1] : "";
  std::vector<std::string> verbs;
  for (const CLI::App* verb : program.get_subcommands({})) {
    if (!verb->get_group().empty()) verbs.push_back(verb->get_name());
  }
  const bool is_verb = std::ranges::find(verbs, unknown) != verbs.end();
  if (!unknown.empty() && unknown.front() != '-' && !is_verb) {
    const std::string near = uncork::cli::nearest(unknown, verbs);
    std::fprintf(stderr, "uncork: no verb '%s'; %s%s%ssee 'uncork --help'\n", unknown.c_str(),
                 near.empty() ? "" : "did you mean '", near.c_str(), near.empty() ? "" : "'? ");
  } else {
    std::fprintf(stderr, "uncork: %s\nuncork: see 'uncork %s--help'\n", error.what(), chosen_path(program).c_str());
  }
  return Exit::usage;
}

Exit run(int argc, char** argv) {
  CLI::App program("Finds, proves and cures the stalls that small TCP writes cause.", "uncork");
  program.require_subcommand(1);
  program.set_version_flag("--version", "uncork " UNCORK_VERSION);
  program.footer(
      "Start with:\n  uncork lab              see a stall, its cause and its cure on this machine\n"
      "  uncork watch --for 10s  watch this machine's own connections\n\n"
      "Exit codes: 0 nothing wrong, 1 stall found or scenario failed, 2 usage, 3 not permitted or not possible here, 4 "
      "internal.");
  uncork::cli::Action chosen;
  uncork::cli::add_watch(program, chosen);
  uncork::cli::add_lab(program, chosen);
  uncork::cli::add_cure(program, chosen);
  uncork::cli::add_proxy(program, chosen);
  uncork::cli::add_send(program, chosen);
  uncork::cli::add_recv(program, chosen);
  uncork::cli::add_doctor(program, chosen);
  uncork::cli::add_zino(program, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return program.exit(help_or_version) == 0 ? Exit::ok : Exit::internal;
  } catch (const CLI::ParseError& error) {
    return usage_error(program, error, argc, argv);
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::exception& error) {  // a library threw where none should: our fault, said plainly
    std::fprintf(stderr, "uncork: internal error: %s\n", error.what());
    return static_cast<int>(Exit::internal);
  }
}
