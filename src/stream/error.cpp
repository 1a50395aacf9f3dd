#include "uncork/stream/error.hpp"

#include <string>

namespace uncork::stream {
namespace {

const char* text(errc code) {
  switch (code) {
    case errc::peer_silent:
      return "no sign of life from the peer within the silence limit";
    case errc::no_progress:
      return "the peer lives but has taken none of our bytes within the no-progress limit";
    case errc::truncated:
      return "the file ended before the promised bytes did";
    case errc::frame_too_long:
      return "a frame announces a payload larger than allowed";
    case errc::unknown_frame:
      return "a frame of an unknown reserved type";
    case errc::unexpected_payload:
      return "a heartbeat or shutdown frame with a payload";
    case errc::peer_shut_down:
      return "the peer has shut down";
    case errc::shut_down:
      return "this side has shut down";
    case errc::reserved_type:
      return "the frame type is reserved";
    case errc::frame_cut_short:
      return "the connection ended inside a frame";
  }
  return "unknown error of uncork.stream";
}

// Boost gives the base a protected destructor that is not virtual, as fits an object that lives for ever.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "uncork.stream"; }
  [[nodiscard]] std::string message(int code) const override { return text(static_cast<errc>(code)); }
  [[nodiscard]] const char* message(int code, char* /*buffer*/, std::size_t /*length*/) const noexcept override {
    return text(static_cast<errc>(code));
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& category() noexcept {
  static const Category kCategory;
  return kCategory;
}

boost::system::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

}  // namespace uncork::stream
