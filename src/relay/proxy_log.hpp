#pragma once
// The chunk log: one line per chunk that the proxy received, three columns, for programs to read.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::relay {

/// Which way bytes go: from the client that connected to the server behind the proxy, or back.
enum class Direction : std::uint8_t { c2s, s2c };

[[nodiscard]] std::string_view name(Direction direction);

/// Writes `c2s<TAB>bytes<TAB>microseconds since the connection's previous chunk`. Lines are gathered in memory until flush(),
/// which blocks as long as the file does (a pipe that nobody reads stops the proxy: a log with holes would be worse).
/// Not thread-safe.
class ProxyLog {
 public:
  ProxyLog(core::Fd file, const std::string& name) : file_(std::move(file)), attempt_("write " + name) {}
  /// Truncates `path`; "-" is standard output. Errors name the file.
  [[nodiscard]] static core::Result<ProxyLog> open(const std::string& path);

  void add(Direction direction, std::size_t bytes, core::Micros since_previous);
  [[nodiscard]] std::size_t buffered_bytes() const { return lines_.size(); }
  /// Writes all lines added so far. After an error they are gone, and how many reached the file is unknown.
  [[nodiscard]] core::Status flush();

 private:
  core::Fd file_;
  std::string attempt_;
  std::string lines_;
};

}  // namespace uncork::relay
