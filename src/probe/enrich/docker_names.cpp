#include "probe/enrich/docker_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "probe/enrich/unix_client.hpp"

namespace uncork::probe {
namespace {

constexpr std::string_view kRequest = "GET /containers/json HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n";

core::Error malformed(std::size_t byte, const std::string& expected) {
  return core::invalid_argument("Docker's answer: at byte " + std::to_string(byte) + ", expected " + expected);
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

/// The body that a proxy has cut into chunks although it was asked in HTTP/1.0 (RFC 9112 7.1); `begin` is where it begins in the
/// answer.
core::Result<std::string> joined_chunks(std::string_view chunks, std::size_t begin) {
  std::string body;
  for (std::size_t at = 0;;) {
    const std::string_view line = chunks.substr(at, chunks.find("\r\n", at) - at);
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const bool ended = end == line.data() + line.size() || *end == ';';
    if (error != std::errc{} || !ended) return core::fail(malformed(begin + at, "the size of a chunk"));
    at += line.size() + 2;
    if (size == 0) return body;
    if (at > chunks.size() || size > chunks.size() - at || chunks.substr(at + size, 2) != "\r\n") {
      return core::fail(malformed(begin + std::min(at, chunks.size()), "a chunk of " + std::to_string(size) + " bytes"));
    }
    body += chunks.substr(at, size);
    at += size + 2;
  }
}

struct Body {
  std::string text;
  std::size_t begin = 0;  ///< of it in the answer
};

core::Result<Body> body_of(std::string_view answer) {
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
  const std::size_t begin = end + 4;
  const auto coding = lower.find("\r\ntransfer-encoding:");
  if (coding == std::string::npos) return Body{std::string(answer.substr(begin)), begin};
  const auto value = lower.substr(coding + 2, lower.find("\r\n", coding + 2) - coding - 2);
  if (!value.ends_with("chunked") || value.find(',') != std::string::npos) {
    return core::fail(malformed(coding + 2, "Transfer-Encoding: chunked, or none"));
  }
  auto body = joined_chunks(answer.substr(begin), begin);
  if (!body) return core::fail(body.error());
  return Body{std::move(*body), begin};
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
  const nlohmann::json list = nlohmann::json::parse(body->text, shallow, /*allow_exceptions=*/false);
  if (list.is_discarded() || too_deep || !list.is_array()) return core::fail(malformed(body->begin, "a JSON list of containers"));
  std::vector<ContainerName> containers;
  for (const auto& entry : list) {
    if (!entry.is_object()) continue;
    ContainerName container{text_in(entry, "Id"), name_in(entry), text_in(entry, "Image")};
    if (!container.id.empty()) containers.push_back(std::move(container));
  }
  return containers;
}

core::Result<std::vector<ContainerName>> ask_docker(const std::string& path, core::Time deadline) {
  const auto socket = connect_unix(path);
  if (!socket) return core::fail(socket.error());
  if (const auto sent = send_request(*socket, std::as_bytes(std::span(kRequest)), path); !sent) return core::fail(sent.error());
  std::string answer;
  std::array<std::byte, 1 << 14> chunk{};
  for (;;) {
    const auto got = read_answer(*socket, chunk, deadline, path);
    if (!got) return core::fail(got.error());
    if (*got == 0) break;
    answer.append(reinterpret_cast<const char*>(chunk.data()), *got);
    if (answer.size() > kMostDockerBytes) {
      return core::fail(core::Error{core::ErrorCode::system, 0, "ask " + path + ": the answer is longer than 8 MiB"});
    }
  }
  return read_docker_answer(answer);
}

}  // namespace uncork::probe
