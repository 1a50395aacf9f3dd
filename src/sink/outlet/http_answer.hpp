#pragma once
// A server's answer to a parcel. Without I/O.

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/result.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Is fed the bytes of one answer in HTTP/1.1. Interim answers (1xx) are passed over. One thread at a time.
class HttpAnswer {
 public:
  HttpAnswer();
  ~HttpAnswer();
  HttpAnswer(const HttpAnswer&) = delete;
  HttpAnswer& operator=(const HttpAnswer&) = delete;

  /// Errors: it is no HTTP, or longer than 1 MB.
  [[nodiscard]] core::Status feed(std::string_view bytes);
  /// The connection has ended, which ends some answers.
  [[nodiscard]] core::Status end();

  [[nodiscard]] bool has_begun() const { return has_begun_; }
  [[nodiscard]] bool is_whole() const;
  /// Of a whole answer: whether the connection takes another request.
  [[nodiscard]] bool keeps_connection() const;
  /// Of a whole answer, which came at `now_s` since 1970: 2xx is delivered; 408, 425, 429 and 5xx are not_now, after what
  /// Retry-After says; so is 3xx, which is not followed; any other is refused.
  [[nodiscard]] Delivery delivery(std::int64_t now_s) const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  bool has_begun_ = false;
};

}  // namespace uncork::sink
