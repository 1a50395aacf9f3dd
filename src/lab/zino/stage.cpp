#include "lab/zino/stage.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "core/syscall.hpp"
#include "lab/zino/peers.hpp"

namespace uncork::lab {
namespace {

constexpr std::size_t kLongestLog = 64 * 1024 * 1024;

core::Result<Child> start_uncork(const ZinoSetup& setup, const ScratchFolder& folder) {
  return Child::start({"zino", "serve", "--state", folder.file("zino-state.json"), "--secrets", folder.file("secrets"),
                       "--polldevs", folder.file("polldevs.cf"), "--port", "0", "--notify-port", "0", "--writes",
                       setup.writes == zino::Writes::per_line ? "per-line" : "coalesced", "--nagle",
                       setup.nagle == Nagle::on ? "on" : "off"});
}

core::Result<Child> start_zino2(const ScratchFolder& folder) {
  const auto python = interop_python();
  if (!python) return core::fail(python.error());
  return Child::start_program(*python, {"-c", std::string(zino2_server_script()), folder.path(), "0", "0"});
}

core::Result<Child> start_relay(const ZinoSetup& setup, const core::Endpoint& server, const ScratchFolder& folder) {
  return Child::start({"proxy", "--quiet", "--listen", "127.0.0.1:0", "--connect", core::to_string(server), "--delay-ms",
                       fmt::format("{}", core::to_ms(*setup.relay_delay)), "--log", folder.file("chunks")});
}

}  // namespace

core::Result<ScratchFolder> ScratchFolder::make() {
  std::error_code failed;
  std::string path = (std::filesystem::temp_directory_path(failed) / "uncork-XXXXXX").string();
  if (failed || ::mkdtemp(path.data()) == nullptr) {
    return core::fail(core::system_error("make a folder for the cases", failed ? failed.value() : errno));
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // what cannot be removed stays where such things are swept
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

core::Endpoint Stage::at() const {
  if (front) return front->listening();
  return relay ? relay->listening() : server.listening();
}

std::optional<ZinoPart> Stage::part_of(pid_t pid) const {
  if (pid == server.pid()) return ZinoPart::server;
  if (relay && pid == relay->pid()) return ZinoPart::relay;
  if (front && pid == front->pid()) return ZinoPart::front;
  return std::nullopt;
}

core::Result<std::optional<std::string>> Stage::end_relay() {
  if (!relay) return std::optional<std::string>();
  (void)relay->finish();  // the log is whole when it has ended
  auto log = core::read_file(folder.file("chunks"), kLongestLog);
  if (!log) return core::fail(log.error());
  return std::optional(std::move(*log));
}

core::Result<Stage> set_up(const ZinoSetup& setup, ZinoServer server, const zino::Fixture& fixture) {
  auto folder = ScratchFolder::make();
  if (!folder) return core::fail(folder.error());
  if (const auto written = zino::write_fixture(fixture, folder->path()); !written) return core::fail(written.error());
  auto child = server == ZinoServer::uncork ? start_uncork(setup, *folder) : start_zino2(*folder);
  if (!child) return core::fail(child.error());
  Stage stage{std::move(*folder), std::move(*child), std::nullopt, std::nullopt};
  if (setup.relay_delay) {
    auto relay = start_relay(setup, stage.at(), stage.folder);
    if (!relay) return core::fail(relay.error());
    stage.relay = std::move(*relay);
  }
  if (setup.front) {
    // The notification port is not used here, and so leads nowhere else than the command port.
    const core::Endpoint upstream = stage.at();
    auto front = Child::start({"zino", "front", "--connect", core::to_string(upstream), "--connect-notify",
                               std::to_string(upstream.port), "--port", "0", "--notify-port", "0"});
    if (!front) return core::fail(front.error());
    stage.front = std::move(*front);
  }
  return stage;
}

}  // namespace uncork::lab
