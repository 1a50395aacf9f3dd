#include "http2/files/file_request.hpp"

namespace uncork::http2 {
namespace {

std::optional<std::string>* place_of(std::string_view name, FileRequest& request) {
  if (name == "accept-encoding") return &request.accept_encoding;
  if (name == "if-none-match") return &request.if_none_match;
  if (name == "if-modified-since") return &request.if_modified_since;
  if (name == "range") return &request.range;
  if (name == "if-range") return &request.if_range;
  if (name == "if-match") return &request.if_match;
  if (name == "if-unmodified-since") return &request.if_unmodified_since;
  return nullptr;
}

}  // namespace

FileRequest read_file_request(const fields& request) {
  FileRequest read;
  const std::string_view method = request.value_or_empty(known_field::method);
  if (method == "GET") read.method = FileMethod::get;
  if (method == "HEAD") read.method = FileMethod::head;
  read.path = request.value_or_empty(known_field::path);
  for (const field entry : request) {
    if (entry.token != known_field::other) continue;
    std::optional<std::string>* place = place_of(entry.name, read);
    if (place == nullptr) continue;
    if (place->has_value()) {
      (*place)->append(", ").append(entry.value);
    } else {
      place->emplace(entry.value);
    }
  }
  return read;
}

}  // namespace uncork::http2
