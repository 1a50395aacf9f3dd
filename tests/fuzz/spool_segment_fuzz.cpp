// Any bytes in place of a spool's file: every byte is accounted for, and what was read is written to the same records. The first
// byte says whether check sums are put right first, which a fuzzer does not guess.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collect/spool_segment.hpp"
#include "core/error.hpp"

namespace {

using namespace uncork;

void check(std::string_view bytes) {
  const collect::DecodedSegment segment = collect::decode_segment(bytes);
  std::size_t sum = segment.torn_bytes + segment.damaged_bytes;
  sum += bytes.starts_with(collect::kSegmentHeading) ? collect::kSegmentHeading.size() : 0;
  std::string written(collect::kSegmentHeading);
  for (const collect::SpooledRecord& record : segment.records) {
    sum += collect::kRecordHeading + record.size;
    const sink::Parcel parcel = collect::parcel_of(record, bytes);
    const auto heading = collect::record_heading(parcel);
    written.append(heading.data(), heading.size());
    written += parcel.bytes;
  }
  UNCORK_ASSERT(sum == bytes.size());
  const collect::DecodedSegment again = collect::decode_segment(written);
  UNCORK_ASSERT(again.records.size() == segment.records.size() && again.torn_bytes == 0 && again.damaged_bytes == 0);
  for (std::size_t i = 0; i < again.records.size(); ++i) {
    UNCORK_ASSERT(collect::parcel_of(again.records[i], written) == collect::parcel_of(segment.records[i], bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  if (bytes.empty()) return 0;
  // A file of two records, cut and with one byte changed.
  const std::size_t where = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  std::string file(collect::kSegmentHeading);
  for (const std::string_view part : {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
    const sink::Parcel parcel{std::string(part), 1, sink::Framing::lines};
    const auto heading = collect::record_heading(parcel);
    file.append(heading.data(), heading.size());
    file += part;
  }
  check(file);
  check(std::string_view(file).substr(0, where));
  file[where % file.size()] = static_cast<char>(file[where % file.size()] ^ 1);
  check(file);
  return 0;
}
