// uncork zino: the legacy Zino line protocol.

#include "cli/zino.hpp"

#include "core/endpoint.hpp"

namespace uncork::cli {

CLI::Option* add_server(CLI::App& verb, const std::string& name, std::string& host, std::uint16_t& port,
                        const std::string& help) {
  const auto read = [name, &host, &port](const std::string& text) {
    const bool bracketed = text.starts_with('[');
    const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
    host = bracketed ? text.substr(1, host_end == std::string::npos ? host_end : host_end - 1) : text.substr(0, host_end);
    if (host.empty() || (bracketed && host_end == std::string::npos)) {
      throw CLI::ValidationError(name, "'" + text + "' names no server; give HOST, HOST:PORT or [ADDRESS]:PORT");
    }
    const std::size_t colon = bracketed ? host_end + 1 : host_end;
    if (colon >= text.size()) return;
    const auto given = core::parse_port(name, text[colon] == ':' ? text.substr(colon + 1) : "");
    if (!given) throw CLI::ValidationError(name, given.error().message);
    port = *given;
  };
  return verb.add_option_function<std::string>(name, read, help)->type_name("HOST[:PORT]");
}

void add_zino(CLI::App& program, Action& chosen) {
  auto* verb = program.add_subcommand("zino", "The legacy Zino protocol: a server without stalls, a front for clients that wait");
  verb->require_subcommand(1);
  verb->footer("Example:\n  uncork zino serve --state zino-state.json --secrets secrets");
  add_zino_serve(*verb, chosen);
  add_zino_front(*verb, chosen);
  add_zino_fixture(*verb, chosen);
}

}  // namespace uncork::cli
