// uncork h2 audit: which limits a server on this machine really enforces.

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cli/h2/audit_view.hpp"
#include "cli/h2/parts.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "core/endpoint.hpp"
#include "http2/audit/audit.hpp"

namespace uncork::cli {
namespace {

struct AuditArguments {
  core::Endpoint server;
  http2::audit::Target target;
  std::string path = "/";
  std::vector<std::string> probes;
  http2::audit::Bounds bounds;
  core::Micros time = std::chrono::seconds(5);
  core::Micros stall_for = std::chrono::seconds(5);
  bool json = false;
};

http2::audit::Target target_of(const core::Endpoint& at) {
  http2::audit::Target target;
  if (at.family == core::Endpoint::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(at.port);
    std::memcpy(&v4.sin_addr, at.bytes.data(), sizeof v4.sin_addr);
    std::memcpy(&target.address, &v4, sizeof v4);
    target.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(at.port);
    std::memcpy(&v6.sin6_addr, at.bytes.data(), sizeof v6.sin6_addr);
    std::memcpy(&target.address, &v6, sizeof v6);
    target.size = sizeof v6;
  }
  return target;
}

core::Error only_here(const std::string& text, const std::string& why) {
  return core::invalid_argument(
      fmt::format("server '{}': {}; only a server on this machine's loopback is audited: give PORT, 127.0.0.1:PORT or [::1]:PORT",
                  text.substr(0, 80), why));
}

/// PORT or ADDRESS:PORT. A probe does harm where it meets no limit: it is sent to nobody else's machine, and no name is resolved.
core::Result<core::Endpoint> parse_local_server(const std::string& text) {
  const bool is_port = !text.empty() && std::ranges::all_of(text, [](char one) { return one >= '0' && one <= '9'; });
  if (is_port) {
    const auto port = core::parse_port("server", text);
    if (!port) return core::fail(port.error());
    return core::parse_endpoint("127.0.0.1:" + std::to_string(*port));
  }
  const auto at = core::parse_endpoint(text);
  if (!at) return core::fail(only_here(text, "it is not a port, nor an address with one"));
  const core::Endpoint plain = core::unmapped(*at);
  if (plain.port == 0) return core::fail(only_here(text, "a port is a number from 1 to 65535"));
  if (!http2::audit::is_loopback(target_of(plain))) return core::fail(only_here(text, "not a loopback address"));
  return plain;
}

std::string names_of_probes() {
  std::string names;
  for (const auto* probe : http2::audit::all_probes()) names += (names.empty() ? "" : ", ") + std::string(probe->name);
  return names;
}

std::vector<const http2::audit::Probe*> chosen_probes(const std::vector<std::string>& names) {
  auto probes = http2::audit::all_probes();
  if (names.empty()) return probes;
  std::erase_if(probes, [&](const auto* probe) { return std::ranges::find(names, probe->name) == names.end(); });
  return probes;
}

void show(const AuditArguments& arguments, const http2::audit::Findings& found, std::size_t asked) {
  if (arguments.json) {
    core::Json document = {
        {"server", core::to_string(arguments.server)},
        {"tls", arguments.target.is_tls},
        {"plain_status", found.healthy_status},
        {"alive", found.findings.empty() || found.findings.back().outcome.verdict != http2::audit::Verdict::died},
        {"probes", core::Json::array()}};
    for (const auto& one : found.findings) document["probes"].push_back(to_json(one));
    return put_line(document.dump(core::Json::Order::as_inserted));
  }
  put(audit_table(found, arguments.bounds, static_cast<std::size_t>(terminal_width(1))));
  print("\n{}", audit_summary(found, asked));
}

Exit run_audit(AuditArguments arguments) {
  const bool is_tls = arguments.target.is_tls;
  arguments.target = target_of(arguments.server);
  arguments.target.is_tls = is_tls;
  arguments.bounds.time = std::chrono::duration_cast<std::chrono::milliseconds>(arguments.time);
  arguments.bounds.stall_for = std::chrono::duration_cast<std::chrono::milliseconds>(arguments.stall_for);
  const std::string server = core::to_string(arguments.server);
  const http2::audit::Subject subject{.is_tls = is_tls, .authority = server, .path = arguments.path};
  const auto probes = chosen_probes(arguments.probes);
  Progress progress;
  const auto found = http2::audit::audit(
      arguments.target, subject, probes, arguments.bounds,
      [&](std::size_t number, std::size_t count, const auto& /*probe*/) { progress.show_count(number, count, "probe"); });
  progress.clear();
  if (!found) {
    core::Error error;
    error.code = core::ErrorCode::refused;
    error.message = fmt::format("audit of {}: {}", server, found.error());
    return report_error(error);
  }
  show(arguments, *found, probes.size());
  return Exit::ok;
}

}  // namespace

void add_h2_audit(const Verb& h2, Action& chosen) {
  const Verb verb = h2.add_subcommand("audit", "Find out which limits an HTTP/2 server on this machine really enforces");
  verb.footer(fmt::format(
      "Example:\n  uncork h2 audit 8080\n  uncork h2 audit 127.0.0.1:8443 --tls --probe ping --probe settings --json\n"
      "A server that has no limits may fall over: audit a test instance. Without --tls it must take HTTP/2 with prior "
      "knowledge.\n"
      "Probes: {}",
      names_of_probes()));
  const auto arguments = std::make_shared<AuditArguments>();
  const auto parse = [](const std::string& /*name*/, const std::string& text) { return parse_local_server(text); };
  add_parsed(verb, "SERVER", arguments->server, "", "The server: PORT, or ADDRESS:PORT of the loopback", parse).required();
  verb.add_flag("--tls", arguments->target.is_tls, "Speak TLS, whatever the server's certificate is");
  verb.add_option("--path", arguments->path, "Ask for this path (default /)")
      .type_name("PATH")
      .check([](const std::string& path) {
        return path.starts_with('/') && path.size() <= 1024
                   ? ""
                   : fmt::format("'{}' is no path: it begins with /, and has 1024 bytes at most", path.substr(0, 40));
      });
  verb.add_option("--probe", arguments->probes, "Run only this probe; may be repeated")
      .type_name("NAME")
      .take_all()
      .check([](const std::string& name) {
        const auto all = http2::audit::all_probes();
        const bool is_one = std::ranges::any_of(all, [&](const auto* probe) { return probe->name == name; });
        return is_one ? "" : fmt::format("'{}' is no probe; give {}", name.substr(0, 40), names_of_probes());
      });
  add_count(verb, "--frames", arguments->bounds.frames, 1, 10'000'000, "Send so many frames of a flood at most");
  add_count(verb, "--bytes", arguments->bounds.bytes, 1, 1U << 30U, "Send so many bytes of a flood at most");
  add_duration(verb, "--time", arguments->time, "Give up a probe after this time (default 5s)", Zero::refused);
  add_duration(verb, "--stall-for", arguments->stall_for,
               "Hold what the server keeps for a silent client for this long (default 5s)", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print JSON");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_audit(*arguments); }; });
}

}  // namespace uncork::cli
