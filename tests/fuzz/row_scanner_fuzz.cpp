// Any bytes in place of a file of rows: the same rows are found in pieces of any size, or the same fault; what is cut into
// parcels stays whole.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "sink/outlet/http_answer.hpp"
#include "sink/outlet/parcel.hpp"
#include "sink/verify/row_scanner.hpp"
#include "sink/verify/sequence_book.hpp"

namespace {

using namespace uncork;

struct Scanned {
  std::vector<std::uint64_t> offsets;
  std::string fault;
  std::uint64_t tail = 0;
};

Scanned scan(std::string_view bytes, std::size_t piece) {
  Scanned scanned;
  sink::SequenceBook book;
  sink::RowScanner scanner([&](const sink::RowMark& mark) {
    scanned.offsets.push_back(mark.offset);
    book.add(mark, 0);
  });
  for (; !bytes.empty() && scanned.fault.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const auto fed = scanner.feed(bytes.substr(0, piece));
    if (!fed) scanned.fault = fed.error().message;
  }
  if (scanned.fault.empty()) scanned.tail = scanner.tail().value_or(sink::RowScanner::Tail{}).bytes;
  UNCORK_ASSERT(book.rows() == scanned.offsets.size());
  return scanned;
}

void check_cut(std::string_view bytes, sink::Framing framing) {
  const std::size_t whole = sink::whole_length(bytes, framing);
  UNCORK_ASSERT(whole <= bytes.size());
  const auto parts = sink::cut({std::string(bytes), 1, framing}, 40);
  if (!parts) return;
  for (const sink::Parcel& part : *parts) UNCORK_ASSERT(part.bytes.size() <= 40);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Scanned at_once = scan(bytes, std::max<std::size_t>(size, 1));
  const Scanned in_pieces = scan(bytes, 3);
  UNCORK_ASSERT(at_once.fault == in_pieces.fault && at_once.offsets == in_pieces.offsets && at_once.tail == in_pieces.tail);
  for (const auto framing : {sink::Framing::lines, sink::Framing::list, sink::Framing::delimited}) check_cut(bytes, framing);
  sink::HttpAnswer answer;
  if (answer.feed(bytes) && answer.is_whole()) static_cast<void>(answer.delivery(0));
  return 0;
}
