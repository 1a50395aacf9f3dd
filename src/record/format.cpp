#include "record/format.hpp"

#include <algorithm>
#include <array>

namespace uncork::record {

namespace {

using core::fail;
using core::invalid_argument;

struct Fixed {
  std::string_view name;
  std::unique_ptr<Format> (*make)();
};
constexpr Fixed kFixed[] = {{"protobufList", protobuf_list_format},
                            {"protobufDelimited", protobuf_delimited_format},
                            {"protoJson", proto_json_format},
                            {"protoText", proto_text_format}};

struct Choosing {
  std::string_view name;
  std::unique_ptr<Format> (*make)(const FormatOptions&);
};
constexpr Choosing kChoosing[] = {{"jsonl", jsonl_format}, {"csv", csv_format}, {"tsv", tsv_format}, {"msgpack", msgpack_format}};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kFixed) + std::size(kChoosing)> names;
  auto at = names.begin();
  for (const Fixed& format : kFixed) *at++ = format.name;
  for (const Choosing& format : kChoosing) *at++ = format.name;
  return names;
}();

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  return "'" + std::string(text.substr(0, kShown)) + "'";
}

}  // namespace

std::span<const std::string_view> format_names() { return kNames; }

core::Result<std::unique_ptr<Format>> make_format(std::string_view name, const FormatOptions& options) {
  if (const auto* const format = std::ranges::find(kFixed, name, &Fixed::name); format != std::end(kFixed)) {
    if (options.columns.empty() && !options.human && !options.deltas) return format->make();
    return fail(invalid_argument("format " + std::string(name) +
                                 ": it has all fields as its schema says; columns, human and deltas "
                                 "are for jsonl, csv, tsv and msgpack"));
  }
  if (const auto* const format = std::ranges::find(kChoosing, name, &Choosing::name); format != std::end(kChoosing)) {
    return format->make(options);
  }
  std::string known;
  for (const std::string_view each : kNames) known += (known.empty() ? "" : ", ") + std::string(each);
  return fail(invalid_argument("format " + quoted(name) + ": there are " + known));
}

core::Result<std::vector<const Field*>> parse_columns(std::string_view text) {
  std::vector<const Field*> columns;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const Field* const field = find_field(name);
    if (field == nullptr) {
      return fail(invalid_argument("columns: " + quoted(name) + " at character " + std::to_string(begin + 1) +
                                   " is no field; docs/record.md lists them"));
    }
    columns.push_back(field);
    begin = end + 1;
  }
  return columns;
}

}  // namespace uncork::record
