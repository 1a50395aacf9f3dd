#pragma once
// How the parts of `uncork zino` that are a client find the server, log in, and ask.

#include <functional>
#include <string>

#include "cli/verb.hpp"
#include "core/result.hpp"
#include "zino/client/client.hpp"

namespace uncork::cli {

struct LoginArguments {
  std::string server;  // HOST[:PORT]; empty: as the credentials say, else this machine
  std::uint16_t notify_port = 8002;
  std::string credentials;  // a .ritz.tcl; empty: ~/.ritz.tcl
  std::string profile = "default";
  std::string secrets;  // a Zino server's secrets file, instead
  std::string user;
  core::Micros timeout = std::chrono::seconds(30);
};

void add_login(CLI::App& verb, LoginArguments& arguments);

/// What to connect with. Errors say what to give.
[[nodiscard]] core::Result<zino::ConnectOptions> connect_options(const LoginArguments& arguments);

/// Logs in and does `task`; says what went wrong.
Exit with_session(const LoginArguments& arguments, const std::function<core::Status(zino::Client&)>& task);

/// A command, and for ADDHIST and the like its body; a refusal (500) is an error with the server's text.
[[nodiscard]] core::Result<zino::Reply> ask(zino::Client& client, const std::string& command);
[[nodiscard]] core::Result<zino::Reply> ask(zino::Client& client, const std::string& command, const std::string& body);

}  // namespace uncork::cli
