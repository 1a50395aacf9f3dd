// uncork zino serve: the server of the legacy Zino protocol.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/output.hpp"
#include "cli/zino/log_line.hpp"
#include "cli/zino/parts.hpp"
#include "zino/server/server.hpp"

namespace uncork::cli {
namespace {

/// A state file may be new, but not the folder that it is in: that is a slip of the pen.
core::Status check_folder(const std::string& state) {
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(state, ignored).parent_path();
  if (std::filesystem::is_directory(folder, ignored)) return {};
  return core::fail(core::invalid_argument("--state '" + state + "': there is no folder " + folder.string()));
}

Exit run_serve(const zino::ServerOptions& options) {
  if (const auto usable = check_folder(options.state); !usable) return report_error(usable.error());
  const auto served = zino::run_zino_server(options, [](const zino::Listening& at) {
    print("listening on {}, notifications on {}\n", core::to_string(at.commands), core::to_string(at.notifications));
    flush();
  });
  return served ? Exit::ok : report_error(served.error());
}

void add_files(const Verb& verb, zino::ServerOptions& options) {
  verb.add_option("--state", options.state, "Keep the state in this file, as Zino 2 does; its journal goes beside it")
      .type_name("FILE")
      .required();
  verb.add_option("--secrets", options.secrets, "Read users and secrets from this file, at every login")
      .type_name("FILE")
      .required();
  verb.add_option("--polldevs", options.polldevs, "Read routers from this file, for COMMUNITY, POLLRTR, POLLINTF and CLEARFLAP")
      .type_name("FILE");
  verb.add_option("--archive", options.archive, "Move closed cases here after 8 hours (default old-events beside the state file)")
      .type_name("DIR");
  verb.add_option("--poll-command", options.poll_command, "Run FILE ROUTER [IFINDEX] when a client asks to poll")
      .type_name("FILE");
}

void add_network(const Verb& verb, zino::ServerOptions& options) {
  verb.add_option("--listen", options.listen, "Listen on this address, IPv4 or IPv6; may be repeated")
      .type_name("ADDRESS")
      .take_all()
      .default_str("127.0.0.1");
  add_port(verb, "--port", options.port, "Use this port for commands; 0 picks a free one", Zero::allowed);
  add_port(verb, "--notify-port", options.notify_port, "Use this port for notifications; 0 picks a free one", Zero::allowed);
  add_choice<zino::Writes>(verb, "--writes", options.writes,
                           {{"coalesced", zino::Writes::coalesced}, {"per-line", zino::Writes::per_line}},
                           "Make one send per reply, or per line as old servers do (default coalesced)");
  add_choice<bool>(verb, "--nagle", options.nagle, {{"on", true}, {"off", false}},
                   "Turn Nagle's algorithm on or off on the server's sockets (default off)");
}

void add_limits(const Verb& verb, zino::ServerOptions& options) {
  add_count(verb, "--max-connections", options.max_connections, 1, 1'000'000,
            "Accept at most N connections to both ports together");
  add_count(verb, "--max-failed-logins", options.failed_logins, 1, 1'000'000,
            "Allow N failed logins from one address in a minute");
  add_duration(verb, "--login-timeout", options.login_timeout, "Allow this long to log in (default 10s)");
  add_duration(verb, "--idle-timeout", options.idle_timeout, "End sessions that are silent for this long (default never)");
  add_duration(verb, "--write-timeout", options.write_timeout, "End connections that read nothing for this long (default 60s)");
  add_duration(verb, "--fold-every", options.fold_period, "Fold the journal into the state file this often (default 5m)");
}

}  // namespace

void add_zino_serve(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("serve", "Serve the legacy Zino protocol from a state file");
  verb.footer(
      "Example:\n  uncork zino serve --state zino-state.json --secrets secrets --polldevs polldevs.cf\n"
      "Ctrl-C or SIGTERM saves and ends; SIGHUP saves and rereads polldevs.");
  const auto options = std::make_shared<zino::ServerOptions>();
  options->log = [](const std::string& line) { log_line(line); };
  add_files(verb, *options);
  add_network(verb, *options);
  add_limits(verb, *options);
  verb.callback([options, &chosen] { chosen = [options] { return run_serve(*options); }; });
}

}  // namespace uncork::cli
