#include "rpc/descriptors.hpp"

#include <algorithm>
#include <functional>
#include <protozero/pbf_reader.hpp>
#include <utility>

extern const unsigned char kRpcDescriptors[];
extern const std::size_t kRpcDescriptorsSize;

namespace uncork::rpc {
namespace {

using protozero::pbf_reader;

/// Every part of type bytes, text or message, with its number.
template <typename Take>
void each_part(std::string_view message, const Take& take) {
  for (pbf_reader from(message.data(), message.size()); from.next();) {
    if (from.wire_type() != protozero::pbf_wire_type::length_delimited) {
      from.skip();
      continue;
    }
    const protozero::pbf_tag_type tag = from.tag();
    const protozero::data_view part = from.get_view();
    take(tag, std::string_view(part.data(), part.size()));
  }
}

/// Field 1 of all descriptors but the set's.
std::string name_of(std::string_view descriptor) {
  std::string name;
  each_part(descriptor, [&](protozero::pbf_tag_type tag, std::string_view part) {
    if (tag == 1) name = part;
  });
  return name;
}

std::string within(const std::string& scope, std::string_view descriptor) {
  const std::string name = name_of(descriptor);
  return scope.empty() ? name : scope + "." + name;
}

}  // namespace

Descriptors::Descriptors(std::string_view set) {
  try {
    each_part(set, [this](protozero::pbf_tag_type tag, std::string_view part) {
      if (tag == 1) take_file(part);
    });
  } catch (const protozero::exception&) {
    files_.clear();
    symbols_.clear();
    services_.clear();
  }
  std::ranges::sort(services_);
}

const Descriptors& Descriptors::built_in() {
  static const Descriptors all({reinterpret_cast<const char*>(kRpcDescriptors), kRpcDescriptorsSize});
  return all;
}

void Descriptors::take_file(std::string_view file) {
  std::string package;
  each_part(file, [&](protozero::pbf_tag_type tag, std::string_view part) {
    if (tag == 2) package = part;
  });
  each_part(file, [&](protozero::pbf_tag_type tag, std::string_view part) {
    if (tag == 4) take_message(part, package, file);
    if (tag == 5) symbols_.emplace(within(package, part), file);
    if (tag == 6) take_service(part, package, file);
  });
  files_.emplace(name_of(file), file);
}

void Descriptors::take_message(std::string_view message, const std::string& scope, std::string_view file) {
  const std::string name = within(scope, message);
  symbols_.emplace(name, file);
  each_part(message, [&](protozero::pbf_tag_type tag, std::string_view part) {
    if (tag == 3) take_message(part, name, file);
    if (tag == 4) symbols_.emplace(within(name, part), file);
  });
}

void Descriptors::take_service(std::string_view service, const std::string& scope, std::string_view file) {
  const std::string name = within(scope, service);
  symbols_.emplace(name, file);
  services_.push_back(name);
  each_part(service, [&](protozero::pbf_tag_type tag, std::string_view part) {
    if (tag == 2) symbols_.emplace(within(name, part), file);
  });
}

std::string_view Descriptors::file(std::string_view name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? std::string_view() : found->second;
}

std::string_view Descriptors::file_with(std::string_view symbol) const {
  const auto found = symbols_.find(symbol);
  return found == symbols_.end() ? std::string_view() : found->second;
}

}  // namespace uncork::rpc
