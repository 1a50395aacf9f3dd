// What the page's server is asked: the target of a request, what a browser says over its WebSocket, and the fields that it is
// held to. Any bytes are read, or refused with a sentence.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "web/page/host_check.hpp"
#include "web/page/params.hpp"
#include "web/page/service_filter.hpp"
#include "web/page/view.hpp"

using namespace uncork;

namespace {

constexpr std::int64_t kNow = 1'795'788'000'000'000'000;

void check(const web::Params& params) {
  const auto view = web::view_of(params, kNow);
  if (view) {
    const auto span = view->span(kNow);
    UNCORK_ASSERT(span && span->from_ns >= 0 && span->from_ns < span->until_ns);
    UNCORK_ASSERT(web::ServiceFilter::compile(view->filter));
  } else {
    UNCORK_ASSERT(!view.error().message.empty());
  }
  const auto like = web::services_like(params);
  UNCORK_ASSERT(like || !like.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = web::parse_target(text)) {
    UNCORK_ASSERT(target->path.starts_with('/') && !target->path.contains('?'));
    check(target->params);
  } else {
    UNCORK_ASSERT(target.error().code == core::ErrorCode::invalid_argument && !target.error().message.empty());
  }
  if (const auto wish = web::parse_wish(text)) {
    check(*wish);
  } else {
    UNCORK_ASSERT(!wish.error().message.empty());
  }
  const web::HostRule loopback{.is_unix = false, .listen = *core::parse_endpoint("127.0.0.1:7553")};
  // Of names none but localhost; of others, what is an address.
  if (web::is_host_allowed(text, loopback)) UNCORK_ASSERT(text.find_first_of("0123456789[lL") != std::string_view::npos);
  if (!text.empty() && web::is_origin_allowed(text, "localhost"))
    UNCORK_ASSERT(text.size() <= std::string_view("https://localhost").size());
  return 0;
}
