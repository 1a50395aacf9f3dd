#include "zino/state/matching.hpp"

#include <boost/regex.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

std::u32string code_points(std::string_view text) {
  std::u32string points;
  while (!text.empty()) points += take_code_point(text);
  return points;
}

/// Over a `[seq]` whose bracket is at `at`: whether it matches `c`, and where it ends; nothing if it never closes, when the
/// bracket stands for itself.
std::optional<std::pair<bool, std::size_t>> match_set(const std::u32string& pattern, std::size_t at, char32_t c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && pattern[i] == '!';
  if (negated) ++i;
  const std::size_t first = i;
  std::size_t end = i < pattern.size() && pattern[i] == ']' ? i + 1 : i;
  while (end < pattern.size() && pattern[end] != ']') ++end;
  if (end >= pattern.size()) return std::nullopt;
  bool inside = false;
  for (i = first; i < end; ++i) {
    if (i + 2 < end && pattern[i + 1] == '-') {
      inside = inside || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      inside = inside || pattern[i] == c;
    }
  }
  return std::pair(inside != negated, end + 1);
}

/// Where the pattern goes on if its element at `at` (not `*`) matches `c`.
std::optional<std::size_t> match_one(const std::u32string& pattern, std::size_t at, char32_t c) {
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[') {
    if (const auto set = match_set(pattern, at, c)) return set->first ? std::optional(set->second) : std::nullopt;
  }
  return pattern[at] == c ? std::optional(at + 1) : std::nullopt;
}

/// The one place that knows the regular expression library, and its exceptions.
class Regexp {
 public:
  static core::Result<Regexp> compile(const std::string& expression) {
    constexpr std::size_t kLongest = 4096;
    if (expression.size() > kLongest) return core::fail(core::invalid_argument("longer than 4096 bytes"));
    Regexp made;
    try {
      made.regex_.assign(expression, boost::regex::perl);
    } catch (const std::runtime_error& error) {
      return core::fail(core::invalid_argument(one_line(error.what())));
    }
    return made;
  }
  /// A search that the library gives up for its length is no match.
  [[nodiscard]] bool search(const std::string& text) const {
    try {
      return boost::regex_search(text, regex_);
    } catch (const std::runtime_error&) {
      return false;
    }
  }

 private:
  boost::regex regex_;
};

/// The expression of a maintenance, compiled once for all that it is compared with.
class Matcher {
 public:
  static core::Result<Matcher> of(const Record& maintenance) {
    Matcher made;
    made.type_ = maintenance.text("match_type");
    made.expression_ = maintenance.text("match_expression");
    if (made.type_ == "regexp" || made.type_ == "intf-regexp") {
      auto compiled = Regexp::compile(made.expression_);
      if (!compiled) return core::fail(compiled.error());
      made.regexp_ = std::move(*compiled);
    }
    if (made.type_ == "intf-regexp") {
      auto compiled = Regexp::compile(std::string(maintenance.text("match_device")));
      if (!compiled) return core::fail(compiled.error());
      made.device_ = std::move(*compiled);
    }
    return made;
  }

  [[nodiscard]] bool device(const std::string& name) const {
    if (type_ == "regexp") return regexp_->search(name);
    if (type_ == "str") return wildcard_match(expression_, name);
    return type_ == "exact" && expression_ == name;
  }
  [[nodiscard]] bool port(const std::string& router, const Json& port) const {
    if (type_ == "intf-regexp") {
      const auto name = port_text(port, "ifdescr");
      return name && device_->search(router) && regexp_->search(*name);
    }
    const auto alias = port_text(port, "ifalias");
    if (!alias) return false;
    if (type_ == "regexp") return regexp_->search(*alias);
    return type_ == "str" && wildcard_match(expression_, *alias);
  }

 private:
  std::string type_;
  std::string expression_;
  std::optional<Regexp> regexp_;
  std::optional<Regexp> device_;
};

}  // namespace

bool wildcard_match(std::string_view pattern_text, std::string_view text_bytes) {
  const std::u32string pattern = code_points(pattern_text);
  const std::u32string text = code_points(text_bytes);
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::pair<std::size_t, std::size_t>> star;  // behind the last one, and the text it gave back to
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = {++p, t};
      continue;
    }
    if (p < pattern.size() && t < text.size()) {
      if (const auto next = match_one(pattern, p, text[t])) {
        p = *next;
        ++t;
        continue;
      }
    }
    if (!star || star->second >= text.size()) return false;
    p = star->first;
    t = ++star->second;
  }
  return true;
}

std::optional<std::string> regexp_error(const std::string& expression) {
  const auto compiled = Regexp::compile(expression);
  if (compiled) return std::nullopt;
  return compiled.error().message;
}

std::optional<std::string> port_text(const Json& port, const char* key) {
  const auto found = port.find(key);
  if (found == port.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

core::Result<std::vector<Match>> matches(const State& state, const Record& maintenance) {
  const auto matcher = Matcher::of(maintenance);
  if (!matcher) return core::fail(matcher.error());
  const bool ports_wanted = maintenance.text("type") == "portstate";
  std::vector<Match> found;
  for (const auto& [name, device] : state.devices().items()) {
    if (!ports_wanted) {
      if (matcher->device(name)) found.push_back({name, nullptr, 0});
      continue;
    }
    const auto ports = device.find("ports");
    if (ports == device.end()) continue;
    for (const auto& [key, port] : ports->items()) {
      const auto digits = python_int(key);
      const auto ifindex = digits ? to_int64(*digits) : std::nullopt;
      if (ifindex && matcher->port(name, port)) found.push_back({name, &port, *ifindex});
    }
  }
  return found;
}

bool covers(const State& state, const Record& maintenance, const Record& subject) {
  const std::string_view type = subject.text("type");
  const bool of_ports = maintenance.text("type") == "portstate";
  if (of_ports ? type != "portstate" : type != "reachability" && type != "alarm") return false;
  const auto matcher = Matcher::of(maintenance);
  if (!matcher) return false;
  const std::string router(subject.text("router"));
  if (!of_ports) return state.devices().contains(router) && matcher->device(router);
  const auto* ifindex = subject.get<std::int64_t>("ifindex");
  const Json* port = ifindex == nullptr ? nullptr : state.find_port(router, *ifindex);
  return port != nullptr && matcher->port(router, *port);
}

}  // namespace uncork::zino
