// uncork h2: HTTP/2.

#include "cli/h2/parts.hpp"

namespace uncork::cli {

void add_h2(const Verb& program, Action& chosen) {
  const Verb verb =
      program.add_subcommand("h2", "Speak HTTP/2: a server whose answers leave together, and an audit of any server's limits");
  verb.require_subcommand(1, 1);
  verb.footer("Example:\n  uncork h2 serve --listen 127.0.0.1:8080\n  curl --http2-prior-knowledge http://127.0.0.1:8080/");
  add_h2_serve(verb, chosen);
  add_h2_get(verb, chosen);
  add_h2_load(verb, chosen);
  add_h2_audit(verb, chosen);
}

}  // namespace uncork::cli
