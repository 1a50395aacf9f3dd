#include "collect/config_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

// What toml++ 3.3 asserts (and with NDEBUG lets the compiler assume) some wrong texts break, such as `[=`; it then finds the same
// wrong by itself, and says so.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <utility>

#include "collect/config_ascii.hpp"
#include "core/nearest.hpp"
#include "core/syscall.hpp"
#include "record/utf8.hpp"

namespace uncork::collect {
namespace {

using core::fail;
using core::Status;

core::Error at_line(const std::string& file, std::uint32_t line, const std::string& what) {
  return core::invalid_argument(fmt::format("{}:{}: {}", file, line, what));
}

/// A value as the other two ways of telling it would write it.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return from_ascii(*text);
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
  return std::nullopt;
}

Status take_one(const Setting& setting, const toml::node& node, const std::string& file, Settings& settings) {
  const auto text = text_of(node);
  const std::uint32_t line = node.source().begin.line;
  if (!text) return fail(at_line(file, line, fmt::format("{}: a text or a number is wanted", setting.name)));
  const auto taken = setting.take(*text, settings);
  return taken ? Status{} : fail(at_line(file, line, taken.error().message));
}

Status take_node(const Setting& setting, const toml::node& node, const std::string& file, Settings& settings) {
  const toml::array* const list = node.as_array();
  if (list == nullptr) return take_one(setting, node, file, settings);
  if (!setting.is_list)
    return fail(at_line(file, node.source().begin.line, fmt::format("{}: one value is wanted, not a list", setting.name)));
  for (const toml::node& element : *list) {
    if (auto taken = take_one(setting, element, file, settings); !taken) return taken;
  }
  return {};
}

core::Error unknown(std::string_view key, std::uint32_t line, const std::string& file) {
  std::vector<std::string> names;
  for (const Setting& setting : all_settings()) names.emplace_back(setting.name);
  const std::string nearest = core::nearest(std::string(key), names);
  return at_line(
      file, line,
      fmt::format("{}: no such setting{}", key.substr(0, 80), nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

}  // namespace

Status read_config(std::string_view text, const std::string& file, Settings& settings) {
  if (!record::is_utf8(text)) return fail(at_line(file, 1, "this is no UTF-8"));
  const toml::parse_result parsed = toml::parse(as_ascii(text));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return fail(at_line(file, error.source().begin.line, from_ascii(error.description())));
  }
  Settings taken = settings;
  for (const auto& [key, node] : parsed.table()) {
    const Setting* const setting = find_setting(key.str());
    if (setting == nullptr) return fail(unknown(from_ascii(key.str()), key.source().begin.line, file));
    if (auto done = take_node(*setting, node, file, taken); !done) return done;
  }
  settings = std::move(taken);
  return {};
}

Status read_config_file(const std::string& path, Settings& settings) {
  const auto text = core::read_file(path);
  if (!text) return fail(text.error());
  if (text->size() > kLongestConfig)
    return fail(core::invalid_argument(fmt::format("{}: longer than {} bytes, so no configuration", path, kLongestConfig)));
  return read_config(*text, path, settings);
}

}  // namespace uncork::collect
