#include "uncork/http2/error.hpp"

#include <array>
#include <string>

namespace uncork::http2 {
namespace {

struct Entry {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<Entry, 14> kCodes = {{
    {"NO_ERROR", "nothing is wrong"},
    {"PROTOCOL_ERROR", "the peer broke a rule of the protocol"},
    {"INTERNAL_ERROR", "this end failed"},
    {"FLOW_CONTROL_ERROR", "more bytes than the window allowed"},
    {"SETTINGS_TIMEOUT", "the peer did not acknowledge the settings in time"},
    {"STREAM_CLOSED", "a frame for a stream that was closed"},
    {"FRAME_SIZE_ERROR", "a frame of a wrong length"},
    {"REFUSED_STREAM", "not processed: it may be sent again"},
    {"CANCEL", "no longer needed"},
    {"COMPRESSION_ERROR", "a field block that cannot be decoded"},
    {"CONNECT_ERROR", "the connection made for CONNECT was reset"},
    {"ENHANCE_YOUR_CALM", "the peer asks for more than a limit allows"},
    {"INADEQUATE_SECURITY", "TLS that is too weak"},
    {"HTTP_1_1_REQUIRED", "to be sent again in HTTP/1.1"},
}};

// Boost gives the base a protected destructor that is not virtual, as fits an object that lives for ever.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "uncork.http2"; }
  [[nodiscard]] std::string message(int code) const override {
    const auto index = static_cast<std::uint32_t>(code);
    if (index >= kCodes.size()) return "HTTP/2 error " + std::to_string(index);
    return std::string(kCodes[index].name) + ": " + std::string(kCodes[index].meaning);
  }
};
#pragma GCC diagnostic pop

}  // namespace

std::string_view name_of(errc code) noexcept {
  const auto index = static_cast<std::uint32_t>(code);
  return index < kCodes.size() ? kCodes[index].name : std::string_view();
}

const boost::system::error_category& category() noexcept {
  static const Category kCategory;
  return kCategory;
}

boost::system::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

}  // namespace uncork::http2
