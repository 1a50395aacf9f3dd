// uncork zino fixture: a Zino server's files, made up.

#include <chrono>
#include <memory>
#include <string>

#include "cli/output.hpp"
#include "cli/zino/parts.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "zino/fixture/fixture.hpp"

namespace uncork::cli {
namespace {

struct FixtureArguments {
  zino::FixtureOptions options;
  std::string directory;
  bool json = false;
};

Exit run_fixture(FixtureArguments arguments) {
  arguments.options.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const zino::Fixture fixture = zino::make_fixture(arguments.options);
  const std::string& directory = arguments.directory;
  if (const auto written = zino::write_fixture(fixture, directory); !written) return report_error(written.error());
  if (arguments.json) {
    const core::Json document = {{"events", arguments.options.events},
                                 {"state", directory + "/zino-state.json"},
                                 {"secrets", directory + "/secrets"},
                                 {"polldevs", directory + "/polldevs.cf"},
                                 {"config", directory + "/zino.toml"},
                                 {"credentials", directory + "/ritz.tcl"},
                                 {"user", fixture.user},
                                 {"secret", fixture.secret}};
    put_line(document.dump());
    return Exit::ok;
  }
  print(
      "{0} in {1}. Serve with:\n"
      "  uncork zino serve --state {1}/zino-state.json --secrets {1}/secrets --polldevs {1}/polldevs.cf\nor, in {1}:\n"
      "  zino --config-file zino.toml --trap-port 0\nThen log in as {2}, secret: {3}\n"
      "  uncork zino list --credentials {1}/ritz.tcl\n",
      core::count_of(arguments.options.events, "open case"), directory, fixture.user, fixture.secret);
  return Exit::ok;
}

}  // namespace

void add_zino_fixture(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("fixture", "Make up cases: state, secrets and configuration, for Zino 2 and for uncork");
  verb.footer("Example:\n  uncork zino fixture --events 100 --out demo\nFiles of an earlier fixture in the folder are replaced.");
  const auto arguments = std::make_shared<FixtureArguments>();
  add_count(verb, "--events", arguments->options.events, 1, 1000000, "Make N open cases, and a tenth as many closed ones");
  verb.add_option("--out", arguments->directory, "Write the files to this folder; make it if it is missing")
      .type_name("DIR")
      .required();
  add_count(verb, "--seed", arguments->options.seed, 0, UINT64_MAX,
            "Repeat the same cases, at other times, with the same number");
  verb.add_flag("--json", arguments->json, "Print the names of the files and how to log in, as JSON");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_fixture(*arguments); }; });
}

}  // namespace uncork::cli
