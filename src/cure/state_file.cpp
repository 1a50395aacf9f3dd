#include "cure/state_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace uncork::cure {
namespace {

constexpr std::string_view kMagic = "uncork-cure 1";
constexpr std::size_t kBootIdLength = 36;  // a UUID

bool is_boot_id(std::string_view text) {
  return text.size() == kBootIdLength &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; });
}

/// A decimal number as serialize() writes it: no sign, no leading zero, nothing after it.
template <std::unsigned_integral T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = err == std::errc{} && end == text.data() + text.size();
  if (!whole || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return value;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// The next line without its newline; nullopt when there is none, or it is not ended by one.
  std::optional<std::string_view> line() {
    ++line_;
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  [[nodiscard]] std::unexpected<core::Error> expected(std::string_view what) const {
    return core::fail(core::invalid_argument(fmt::format("line {}: expected {}", line_, what)));
  }

 private:
  std::string_view rest_;
  std::size_t line_ = 0;
};

/// `word` and a space off the front of the line; nullopt if it does not begin so.
std::optional<std::string_view> after(std::optional<std::string_view> line, std::string_view word) {
  if (!line || !line->starts_with(word) || line->size() == word.size() || (*line)[word.size()] != ' ') return std::nullopt;
  return line->substr(word.size() + 1);
}

/// Two numbers with one space between them.
std::optional<std::pair<std::uint64_t, std::uint64_t>> two_numbers(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  const auto space = text->find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto first = number<std::uint64_t>(text->substr(0, space));
  const auto second = number<std::uint64_t>(text->substr(space + 1));
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

core::Result<ProcessIdentity> parse_process(Reader& reader) {
  if (reader.line() != kMagic) return reader.expected(fmt::format("'{}'", kMagic));
  const auto boot = after(reader.line(), "boot");
  if (!boot || !is_boot_id(*boot)) return reader.expected("'boot' and a boot id");
  const auto process = two_numbers(after(reader.line(), "process"));
  constexpr std::uint64_t kLargest = std::numeric_limits<pid_t>::max();
  if (!process || process->first == 0 || process->first > kLargest) {
    return reader.expected("'process', a process id and its start time");
  }
  return ProcessIdentity{std::string(*boot), static_cast<pid_t>(process->first), process->second};
}

}  // namespace

std::string serialize(const CureState& state) {
  std::string text =
      fmt::format("{}\nboot {}\nprocess {} {}\n", kMagic, state.process.boot_id, state.process.pid, state.process.start_ticks);
  for (const SocketId& socket : state.sockets) {
    fmt::format_to(std::back_inserter(text), "socket {} {}\n", socket.cookie, socket.netns);
  }
  fmt::format_to(std::back_inserter(text), "end {}\n", state.sockets.size());
  return text;
}

core::Result<CureState> parse_cure_state(std::string_view text) {
  if (text.size() > kLongestState) return core::fail(core::invalid_argument("longer than any state file of uncork"));
  Reader reader(text);
  auto process = parse_process(reader);
  if (!process) return core::fail(process.error());
  CureState state{std::move(*process), {}};
  for (;;) {
    const auto line = reader.line();
    if (const auto count = after(line, "end")) {
      if (number<std::size_t>(*count) != state.sockets.size())
        return reader.expected("'end' and the number of sockets before it");
      if (!reader.at_end()) return reader.expected("nothing after 'end'");
      return state;
    }
    const auto socket = two_numbers(after(line, "socket"));
    if (!socket) return reader.expected("'socket', a cookie and a network namespace, or 'end'");
    const SocketId id{socket->first, socket->second};
    if (!state.sockets.empty() && !(state.sockets.back() < id)) return reader.expected("sockets in rising order, each once");
    state.sockets.push_back(id);
  }
}

}  // namespace uncork::cure
