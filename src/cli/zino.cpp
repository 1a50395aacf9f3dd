// uncork zino: the legacy Zino line protocol.

#include "cli/zino.hpp"

namespace uncork::cli {

void add_zino(CLI::App& program, Action& chosen) {
  auto* verb = program.add_subcommand("zino", "The legacy Zino protocol: a server that never stalls its clients");
  verb->require_subcommand(1);
  verb->footer("Example:\n  uncork zino serve --state zino-state.json --secrets secrets");
  add_zino_serve(*verb, chosen);
}

}  // namespace uncork::cli
