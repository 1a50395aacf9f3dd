// Any bytes of a client and of a server through the front, cut in any way: nothing that the server did not say reaches the
// client, and nothing but questions about cases that the client did not say reaches the server.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "zino/front/front_session.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  zino::FrontSession session(4);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  core::Time now{};
  std::size_t from_server = 0;
  std::size_t to_client = 0;
  // Each piece has a byte before it: from whom, how long, how much later.
  while (!bytes.empty()) {
    const auto head = static_cast<unsigned char>(bytes[0]);
    const std::string_view piece = bytes.substr(1, head & 31U);
    bytes.remove_prefix(1 + piece.size());
    now += core::Micros((head & 32U) != 0 ? 500'000 : 0);
    if ((head & 192U) == 192U) {
      session.case_changed(head & 7U);
      session.sweep(now);
    } else if ((head & 64U) != 0) {
      session.from_client(piece, now);
    } else {
      from_server += piece.size();
      session.from_server(piece, now);
    }
    to_client += session.take_for_client().size();
    UNCORK_ASSERT(to_client <= from_server);
    (void)session.take_for_server();
  }
  session.client_ended();
  (void)session.finished();
  return 0;
}
