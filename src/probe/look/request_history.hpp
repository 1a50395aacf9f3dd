#pragma once
// Requests to listeners that came to nothing, as two lists show it: for where the kernel's own events are not heard.

#include <cstdint>
#include <functional>
#include <vector>

#include "record/row.hpp"

namespace uncork::probe {

/// Remembers from look to look the requests whose SYN-ACK was sent again. Not thread-safe.
class RequestHistory {
 public:
  /// Appends a row for each request that the look before had and this one has not, neither as a request nor as the connection
  /// that the kernel would have made of it, which has its cookie: never_connected, timeout, with what the look before saw.
  /// `came_to_something(row)`: it is still there, or a socket with its cookie is or was, or its namespace was not listed.
  using CameToSomething = std::function<bool(const record::Row& request)>;
  void compare(const std::vector<record::Row>& rows, const CameToSomething& came_to_something, std::vector<record::Row>& into);

  void hold_texts() const {
    for (const record::Row& row : retried_) record::hold_texts(row);
  }

 private:
  std::vector<record::Row> retried_;
};

}  // namespace uncork::probe
