#pragma once
// A server that answers small requests in one to four writes, as servers of Redis's protocol and of HTTP do: what becomes of them
// when requests are pipelined, or come after a greeting, is the second part of the scenario `coalesce`.

#include <functional>
#include <string>
#include <vector>

#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/coalesce/message_server.hpp"

namespace uncork::lab {

enum class AnswerProtocol {
  redis,  ///< a line asks, read by async_read_until; a bulk string answers
  http    ///< read by Beast; a header and a body answer
};

inline constexpr unsigned kMostAnswerWrites = 4;

struct AnswerServerOptions {
  core::Endpoint listen;
  AnswerProtocol protocol = AnswerProtocol::redis;
  MessageWrites writes = MessageWrites::nodelay;  ///< nodelay or coalesced
};

/// A request to be answered in so many writes.
[[nodiscard]] std::string answer_request(AnswerProtocol protocol, unsigned writes);
/// The answer, cut as it is written. Together they are the same bytes whatever `writes` is.
[[nodiscard]] std::vector<std::string> answer_pieces(AnswerProtocol protocol, unsigned writes);

/// Serves any number of connections until the process ends; returns only on an error of the listener. Blocking, one thread.
[[nodiscard]] core::Status run_answer_server(const AnswerServerOptions& options,
                                             const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
