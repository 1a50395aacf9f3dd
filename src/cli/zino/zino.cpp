// uncork zino: the legacy Zino line protocol.

#include "cli/zino/parts.hpp"
#include "core/endpoint.hpp"

namespace uncork::cli {

core::Status parse_server(const std::string& name, const std::string& text, std::string& host, std::uint16_t& port) {
  if (core::parse_endpoint("[" + text + "]:1")) {  // an IPv6 address by itself, which has no port then
    host = text;
    return {};
  }
  const bool bracketed = text.starts_with('[');
  const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
  host = bracketed ? text.substr(1, host_end == std::string::npos ? host_end : host_end - 1) : text.substr(0, host_end);
  if (host.empty() || (bracketed && host_end == std::string::npos)) {
    return core::fail(core::invalid_argument(name + ": '" + text + "' names no server; give HOST, HOST:PORT or [ADDRESS]:PORT"));
  }
  const std::size_t colon = bracketed ? host_end + 1 : host_end;
  if (colon >= text.size()) return {};
  const auto given = core::parse_port(name, text[colon] == ':' ? text.substr(colon + 1) : "");
  if (!given) return core::fail(given.error());
  port = *given;
  return {};
}

Option add_server(const Verb& verb, const std::string& name, std::string& host, std::uint16_t& port, const std::string& help) {
  const auto read = [name, &host, &port](const std::string& text) { return parse_server(name, text, host, port); };
  return verb.add_read(name, read, help).type_name("HOST[:PORT]");
}

void add_zino(const Verb& program, Action& chosen) {
  const Verb verb =
      program.add_subcommand("zino", "Speak the legacy Zino protocol: a server without stalls, a client, a front for others");
  verb.require_subcommand(1, 1);
  verb.footer(
      "Example:\n  uncork zino serve --state zino-state.json --secrets secrets\n  uncork zino list --server zino.example.org");
  add_zino_serve(verb, chosen);
  add_zino_list(verb, chosen);
  add_zino_show(verb, chosen);
  add_zino_history(verb, chosen);
  add_zino_log(verb, chosen);
  add_zino_set_state(verb, chosen);
  add_zino_add_history(verb, chosen);
  add_zino_watch(verb, chosen);
  add_zino_pm(verb, chosen);
  add_zino_fetch(verb, chosen);
  add_zino_front(verb, chosen);
  add_zino_fixture(verb, chosen);
}

}  // namespace uncork::cli
