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

void add_login(const Verb& verb, LoginArguments& arguments);

/// What to connect with. Errors say what to give.
[[nodiscard]] core::Result<zino::ConnectOptions> connect_options(const LoginArguments& arguments);

/// How what a verb prints is meant: text is broken between words where the terminal is narrow.
enum class Form : bool { text, json };
inline Form form_of(bool json) { return json ? Form::json : Form::text; }

/// What a verb prints in the end, or why it cannot.
using Task = std::function<core::Result<std::string>(zino::Client&)>;

/// Logs in, does `task`, and logs out, which proves that what was answered was asked; only then prints what the task has made.
/// Says what went wrong.
Exit with_session(const LoginArguments& arguments, Form form, const Task& task);

}  // namespace uncork::cli
