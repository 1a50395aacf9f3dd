#include "probe/enrich/docker_names.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

constexpr std::string_view kRequest = "GET /containers/json HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n";

core::Error malformed(std::size_t byte, std::string_view expected) {
  return core::invalid_argument("Docker's answer: at byte " + std::to_string(byte) + ", expected " + std::string(expected));
}

std::string text_in(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The name that is the container's own: others are those of links to it, `/other/alias`.
std::string name_in(const nlohmann::json& container) {
  const auto names = container.find("Names");
  if (names == container.end() || !names->is_array()) return {};
  for (const auto& entry : *names) {
    if (!entry.is_string()) continue;
    std::string name = entry.get<std::string>();
    if (name.starts_with('/')) name.erase(0, 1);
    if (name.find('/') == std::string::npos) return name;
  }
  return {};
}

core::Result<std::string_view> body_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.")) return core::fail(malformed(0, "HTTP/1.x"));
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return core::fail(malformed(answer.size(), "the end of the headers"));
  std::string_view head = answer.substr(0, end);
  const std::string_view status = head.substr(0, head.find("\r\n"));
  constexpr std::size_t kStatus = 9;  // HTTP/1.1 200 OK
  if (status.size() < kStatus + 3 || status.substr(kStatus, 3) != "200") {
    return core::fail(core::Error{core::ErrorCode::system, 0, "Docker answers " + std::string(status.substr(0, 80))});
  }
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower.find("\r\ntransfer-encoding:") != std::string::npos) {
    return core::fail(malformed(end, "no Transfer-Encoding in an answer to HTTP/1.0"));
  }
  return answer.substr(end + 4);
}

core::Result<core::Fd> connect_to(const std::string& path, core::Time deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return core::fail(core::invalid_argument(path + ": too long for a Unix socket"));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  core::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return core::fail(core::system_error("open a Unix socket", errno));
  // A full backlog is EAGAIN at once: then there are no names this time.
  (void)deadline;
  const auto connected = core::checked(
      "connect " + path, [&] { return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  if (!connected) return core::fail(connected.error());
  return socket;
}

}  // namespace

core::Result<std::vector<ContainerName>> read_docker_answer(std::string_view answer) {
  const auto body = body_of(answer);
  if (!body) return core::fail(body.error());
  // A list of containers is flat; deeper nesting than this is none, and would only take stack.
  constexpr int kDeepest = 32;
  bool too_deep = false;
  const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest) too_deep = true;
    return depth <= kDeepest;
  };
  const nlohmann::json list = nlohmann::json::parse(*body, shallow, /*allow_exceptions=*/false);
  const auto begin = static_cast<std::size_t>(body->data() - answer.data());
  if (list.is_discarded() || too_deep || !list.is_array()) return core::fail(malformed(begin, "a JSON list of containers"));
  std::vector<ContainerName> containers;
  for (const auto& entry : list) {
    if (!entry.is_object()) continue;
    ContainerName container{text_in(entry, "Id"), name_in(entry), text_in(entry, "Image")};
    if (!container.id.empty()) containers.push_back(std::move(container));
  }
  return containers;
}

core::Result<std::vector<ContainerName>> ask_docker(const std::string& path, core::Time deadline) {
  const auto socket = connect_to(path, deadline);
  if (!socket) return core::fail(socket.error());
  const auto sent = core::send_some(*socket, std::as_bytes(std::span(kRequest)));
  if (!sent) return core::fail(sent.error());
  if (*sent != kRequest.size())
    return core::fail(core::Error{core::ErrorCode::system, 0, "ask " + path + ": it takes no request"});
  std::string answer;
  std::array<std::byte, 1 << 14> chunk{};
  for (;;) {
    const auto readable = core::wait_readable(*socket, deadline);
    if (!readable) return core::fail(readable.error());
    if (!*readable) return core::fail(core::Error{core::ErrorCode::system, ETIMEDOUT, "ask " + path + ": no answer in time"});
    const auto got = core::read_some(*socket, chunk, "read from " + path);
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::end) break;
    answer.append(reinterpret_cast<const char*>(chunk.data()), got->count);
    if (answer.size() > kMostDockerBytes) {
      return core::fail(core::Error{core::ErrorCode::system, 0, "ask " + path + ": the answer is longer than 8 MiB"});
    }
  }
  return read_docker_answer(answer);
}

}  // namespace uncork::probe
