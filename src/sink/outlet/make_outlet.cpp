#include "sink/outlet/make_outlet.hpp"

#include <unistd.h>

#include <utility>

#include "sink/outlet/datagram_outlet.hpp"
#include "sink/outlet/file_outlet.hpp"
#include "sink/outlet/http_outlet.hpp"
#include "sink/outlet/standard_outlet.hpp"
#include "sink/outlet/stream_outlet.hpp"

namespace uncork::sink {

std::unique_ptr<Outlet> make_outlet(const Destination& destination, std::string heading) {
  using Kind = Destination::Kind;
  switch (destination.kind) {
    case Kind::standard_output:
      return std::make_unique<StandardOutlet>(STDOUT_FILENO, "standard output");
    case Kind::standard_error:
      return std::make_unique<StandardOutlet>(STDERR_FILENO, "standard error");
    case Kind::file:
      return std::make_unique<FileOutlet>(destination, std::move(heading));
    case Kind::unix_stream:
    case Kind::tcp:
      return std::make_unique<StreamOutlet>(destination);
    case Kind::unix_datagram:
    case Kind::udp:
      return std::make_unique<DatagramOutlet>(destination);
    case Kind::http:
    case Kind::https:
      break;
  }
  return std::make_unique<HttpOutlet>(destination);
}

}  // namespace uncork::sink
