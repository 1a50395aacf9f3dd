#include "cli/zino/login.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

#include "cli/output.hpp"
#include "cli/zino/log_line.hpp"
#include "cli/zino/parts.hpp"
#include "core/syscall.hpp"
#include "zino/client/credentials.hpp"

namespace uncork::cli {
namespace {

std::string home_file() {
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.ritz.tcl";
}

void warn_if_readable(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    log_line(fmt::format("others on this machine can read the secret in {}; chmod 600 it", path));
  }
}

core::Result<zino::Credentials> read_credentials(const LoginArguments& arguments) {
  const bool by_secrets = !arguments.secrets.empty();
  const std::string path = by_secrets ? arguments.secrets : !arguments.credentials.empty() ? arguments.credentials : home_file();
  const auto text = core::read_file(path);
  if (!text) {
    return core::fail(core::invalid_argument(
        text.error().message +
        "; give --credentials FILE with lines 'set User NAME', 'set Secret SECRET', 'set Server HOST', or --user and --secrets"));
  }
  warn_if_readable(path);
  auto found = by_secrets ? zino::from_secrets(*text, arguments.user) : zino::parse_ritz_tcl(*text, arguments.profile);
  if (!found) return core::fail(core::invalid_argument(path + ": " + found.error().message));
  if (!arguments.user.empty()) found->user = arguments.user;
  if (found->user.empty() || found->secret.empty()) {
    return core::fail(core::invalid_argument(fmt::format("{}: profile '{}' has no line 'set {} …'", path, arguments.profile,
                                                         found->user.empty() ? "User" : "Secret")));
  }
  return found;
}

}  // namespace

void add_login(const Verb& verb, LoginArguments& arguments) {
  verb.add_option("--server", arguments.server, "Connect to this Zino server (default: as the credentials say, else 127.0.0.1)")
      .type_name("HOST[:PORT]");
  const Option credentials =
      verb.add_option("--credentials", arguments.credentials, "Log in as this file says, in curitz's form (default ~/.ritz.tcl)")
          .type_name("FILE");
  verb.add_option("--profile", arguments.profile, "Use this profile in that file").type_name("NAME").capture_default_str();
  const Option user = verb.add_option("--user", arguments.user, "Log in as this user").type_name("NAME");
  verb.add_option("--secrets", arguments.secrets, "Take the secret from a Zino server's secrets file, instead of credentials")
      .type_name("FILE")
      .needs(user)
      .excludes(credentials);
  add_duration(verb, "--timeout", arguments.timeout, "Wait at most this long for the server (default 30s)", Zero::refused);
}

core::Result<zino::ConnectOptions> connect_options(const LoginArguments& arguments) {
  const auto credentials = read_credentials(arguments);
  if (!credentials) return core::fail(credentials.error());
  zino::ConnectOptions options;
  options.notify_port = arguments.notify_port;
  options.user = credentials->user;
  options.secret = credentials->secret;
  options.timeout = arguments.timeout;
  if (!arguments.server.empty()) {
    const auto read = parse_server("--server", arguments.server, options.host, options.port);
    return read ? core::Result<zino::ConnectOptions>(options) : core::fail(read.error());
  }
  if (!credentials->port.empty()) {
    const auto port = core::parse_port("Port of the credentials", credentials->port);
    if (!port) return core::fail(port.error());
    options.port = *port;
  }
  if (credentials->server.empty()) return options;
  const auto read = parse_server("Server of the credentials", credentials->server, options.host, options.port);
  if (!read) return core::fail(read.error());
  return options;
}

Exit with_session(const LoginArguments& arguments, Form form, const Task& task) {
  const auto options = connect_options(arguments);
  if (!options) return report_error(options.error());
  auto client = zino::Client::connect(*options);
  if (!client) return report_error(client.error());
  const auto text = task(*client);
  if (!text) return report_error(text.error());
  if (const auto in_step = client->quit(); !in_step) return report_error(in_step.error());
  if (form == Form::json) {
    put(*text);
  } else {
    print_text(*text);
  }
  return Exit::ok;
}

}  // namespace uncork::cli
