// Any bytes in place of a request of gRPC: cut into messages however they come, and each message read as every request there is.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "rpc/config_messages.hpp"
#include "rpc/descriptors.hpp"
#include "rpc/message_splitter.hpp"
#include "rpc/reflection_messages.hpp"
#include "rpc/request_head.hpp"

namespace {

using namespace uncork;

std::vector<std::string> split(std::string_view body, rpc::Encoding encoding, std::size_t piece) {
  rpc::MessageSplitter splitter(encoding);
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    splitter.put(body.substr(at, piece));
    for (;;) {
      auto message = splitter.next();
      if (!message) {
        UNCORK_ASSERT(!message.error().is_ok() && !message.error().message.empty());
        return messages;
      }
      if (!*message) break;
      UNCORK_ASSERT((*message)->size() <= rpc::kMostMessageBytes);
      messages.push_back(std::move(**message));
    }
  }
  return messages;
}

void read(std::string_view message) {
  rpc::ConfigView view;
  view.settings.label = "label";
  if (const auto set = rpc::read_set(message, view)) {
    collect::Requests requests(view.settings);
    if (requests.change(*set)) UNCORK_ASSERT(requests.settings().interval >= collect::Requests::kLeastInterval);
  }
  if (const auto interval = rpc::read_frequency(message); !interval)
    UNCORK_ASSERT(interval.error().code == rpc::Code::invalid_argument);
  if (const auto burst = rpc::read_burst(message)) {
    const auto again = rpc::read_burst(rpc::write_burst(*burst));
    UNCORK_ASSERT(again && again->count == burst->count && again->apart == burst->apart);
  }
  const auto answer = rpc::reflect(message, rpc::Descriptors::built_in());
  UNCORK_ASSERT(answer.has_value() || rpc::check_message(message).has_value());  // refused alone is what is no message
  const rpc::Descriptors foreign(message);
  UNCORK_ASSERT(foreign.services().size() <= message.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 16384;
  if (size < 1 || size > kMost) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto encoding = (data[0] & 1U) != 0 ? rpc::Encoding::gzip : rpc::Encoding::identity;
  const std::vector<std::string> messages = split(body, encoding, kMost);
  UNCORK_ASSERT(split(body, encoding, 1 + data[0] / 2) == messages);
  for (const std::string& message : messages) read(message);
  read(body);
  static_cast<void>(rpc::timeout_of(body));
  UNCORK_ASSERT(rpc::encoding_of(body).has_value() == (body.empty() || body == "identity" || body == "gzip"));
  UNCORK_ASSERT(rpc::is_authorized(body, "sesame") == (body == "Bearer sesame"));
  return 0;
}
