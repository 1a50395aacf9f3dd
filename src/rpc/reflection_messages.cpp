#include "rpc/reflection_messages.hpp"

#include <fmt/format.h>

#include <optional>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace uncork::rpc {
namespace {

using protozero::pbf_writer;

/// Of ServerReflectionRequest.
enum Asked : protozero::pbf_tag_type {
  host = 1,
  file_by_filename = 3,
  file_containing_symbol = 4,
  file_containing_extension = 5,
  all_extension_numbers_of_type = 6,
  list_services = 7,
};
/// Of ServerReflectionResponse.
enum Answer : protozero::pbf_tag_type {
  valid_host = 1,
  original_request = 2,
  file_descriptor_response = 4,
  list_services_response = 6,
  error_response = 7,
};

void add_error(pbf_writer& to, Code code, const std::string& why) {
  std::string made;
  pbf_writer error(made);
  error.add_int32(1, static_cast<std::int32_t>(code));
  error.add_string(2, why);
  to.add_message(error_response, made);
}

void add_file(pbf_writer& to, std::string_view file, std::string_view wanted) {
  if (file.empty()) return add_error(to, Code::not_found, fmt::format("'{}' is not there", wanted.substr(0, 200)));
  std::string made;
  pbf_writer(made).add_bytes(1, file.data(), file.size());
  to.add_message(file_descriptor_response, made);
}

void add_services(pbf_writer& to, const Descriptors& of) {
  std::string made;
  pbf_writer list(made);
  for (const std::string& name : of.services()) {
    std::string service;
    pbf_writer(service).add_string(1, name);
    list.add_message(1, service);
  }
  to.add_message(list_services_response, made);
}

}  // namespace

std::expected<std::string, CallStatus> reflect(std::string_view request, const Descriptors& of) {
  std::string_view from_host;
  std::string_view wanted;
  std::optional<protozero::pbf_tag_type> asked;
  try {
    for (protozero::pbf_reader from(request.data(), request.size()); from.next();) {
      const bool is_ours = from.tag() >= host && from.tag() <= list_services && from.tag() != 2;
      if (!is_ours || from.wire_type() != protozero::pbf_wire_type::length_delimited) {
        from.skip();
        continue;
      }
      const protozero::pbf_tag_type tag = from.tag();
      const protozero::data_view part = from.get_view();
      if (tag != host) asked = tag;
      (tag == host ? from_host : wanted) = {part.data(), part.size()};
    }
  } catch (const protozero::exception& broken) {
    return std::unexpected(CallStatus(Code::invalid_argument, fmt::format("no message of protobuf: {}", broken.what())));
  }
  std::string made;
  pbf_writer to(made);
  if (!from_host.empty()) to.add_string(valid_host, from_host.data(), from_host.size());
  to.add_message(original_request, request.data(), request.size());
  if (!asked) {
    add_error(to, Code::invalid_argument, "nothing is asked");
  } else if (*asked == list_services) {
    add_services(to, of);
  } else if (*asked == file_by_filename) {
    add_file(to, of.file(wanted), wanted);
  } else if (*asked == file_containing_symbol) {
    add_file(to, of.file_with(wanted), wanted);
  } else {
    add_error(to, Code::not_found, "there are no extensions");
  }
  return made;
}

}  // namespace uncork::rpc
