#include "probe/enrich/lldp_reader.hpp"

#include <algorithm>

namespace uncork::probe {
namespace {

constexpr std::size_t kHead = 16;
constexpr std::size_t kAlignment = 8;

}  // namespace

LldpReader::Object LldpReader::begin(std::size_t size) {
  const std::size_t begin = (at_ + kAlignment - 1) / kAlignment * kAlignment;
  const bool room = begin <= answer_.size() && answer_.size() - begin >= kHead && answer_.size() - begin - kHead >= size;
  if (failed_ || !room) return fail(), Object{};
  const bool filled = std::ranges::all_of(answer_.subspan(at_, begin - at_), [](std::byte b) { return b == std::byte{0}; });
  if (!filled || number<std::uint64_t>(answer_, begin) != last_ + 1) return fail(), Object{};
  at_ = begin + kHead + size;
  return {++last_, begin, answer_.subspan(begin + kHead, size), false};
}

LldpReader::Object LldpReader::begin_inside(Bytes body) {
  Object object = begin(0);
  object.body = failed_ ? Bytes{} : body;
  object.inside = true;
  return object;
}

void LldpReader::end(const Object& object) {
  constexpr std::size_t kSize = 8;  // behind the number
  if (!failed_ && number<std::uint64_t>(answer_, object.begin + kSize) != at_ - object.begin) fail();
}

LldpReader::Points LldpReader::pointer(const Object& object, std::size_t offset) {
  const auto value = number<std::uint64_t>(object.body, offset);
  if (failed_ || value == 0) return Points::nowhere;
  if (object.inside || value == last_ + 1) return Points::here;
  if (value <= last_) return Points::before;
  fail();
  return Points::nowhere;
}

std::string_view LldpReader::text(const Object& object, std::size_t offset) {
  const Points to = pointer(object, offset);
  if (to == Points::nowhere) return {};
  if (to == Points::before) return fail(), std::string_view();  // it shares no texts
  const Object head = begin(0);
  if (failed_) return {};
  const auto rest = answer_.subspan(at_);
  const auto length = static_cast<std::size_t>(std::ranges::find(rest, std::byte{0}) - rest.begin());
  if (length == rest.size()) return fail(), std::string_view();
  at_ += length + 1;
  end(head);
  return {reinterpret_cast<const char*>(rest.data()), length};
}

LldpReader::Bytes LldpReader::bytes(const Object& object, std::size_t offset, std::size_t length) {
  const Points to = pointer(object, offset);
  if (to == Points::nowhere) return {};
  const auto count = number<std::int32_t>(object.body, length);
  if (to == Points::before || count < 0) return fail(), Bytes();
  const Object head = begin(static_cast<std::size_t>(count));
  end(head);
  return head.body;
}

}  // namespace uncork::probe
