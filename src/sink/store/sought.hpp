#pragma once
// Which socket is meant.

#include <cstdint>
#include <string>
#include <utility>

#include "core/endpoint.hpp"
#include "sink/sqlite/statement.hpp"

namespace uncork::sink {

/// By its cookie, by a process that holds it, by a port of either end, or by an address and port of either end. A value.
class Sought {
 public:
  [[nodiscard]] static Sought cookie(std::uint64_t cookie);
  [[nodiscard]] static Sought process(std::int32_t pid);
  [[nodiscard]] static Sought port(std::uint16_t port);
  [[nodiscard]] static Sought end(const core::Endpoint& end);

  /// `process 4242`, `port 8001`, `the socket with the cookie 17`, `127.0.0.1:8001`.
  [[nodiscard]] const std::string& words() const { return words_; }

  /// Of a row in SQL, with its parameters from ?4 on; and their values, which must live until the statement has run.
  [[nodiscard]] const std::string& condition() const { return condition_; }
  void bind(Statement& statement) const;

 private:
  Sought(std::string words, std::string condition, std::int64_t number)
      : words_(std::move(words)), condition_(std::move(condition)), number_(number) {}

  std::string words_;
  std::string condition_;
  std::int64_t number_;
  std::string address_;  // of an end: as the store has it, and mapped into IPv6; empty otherwise
  std::string mapped_;
};

}  // namespace uncork::sink
