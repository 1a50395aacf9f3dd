#include "any_row.hpp"

#include <google/protobuf/message.h>

#include <algorithm>

namespace uncork::record {

namespace {

/// Numbers of every length, 0 often.
std::uint64_t any_number(Random& random) {
  const auto bits = random() % 80;
  return bits >= 64 ? 0 : random() >> bits;
}

void put_utf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | point >> 6);
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | point >> 12);
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | point >> 18);
    text += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
}

std::uint32_t any_point(Random& random) {
  constexpr std::uint32_t kBelow[] = {0x80, 0x80, 0x100, 0x800, 0x3000, 0x10000, 0x110000};
  const auto point = static_cast<std::uint32_t>(random() % kBelow[random() % std::size(kBelow)]);
  return point >= 0xd800 && point < 0xe000 ? 'x' : point;
}

struct AnyValue {
  Random& random;
  Texts& texts;
  void set(std::uint32_t& value) const { value = static_cast<std::uint32_t>(any_number(random) >> random() % 33); }
  void set(std::uint64_t& value) const { value = any_number(random); }
  void set(std::int64_t& value) const { value = static_cast<std::int64_t>(any_number(random)); }
  void set(bool& value) const { value = random() % 2 == 0; }
  void set(Text& value) const { value = random() % 3 == 0 ? Text{} : texts.keep(any_text(random)); }
  void set(Address& value) const {
    for (auto& byte : value) byte = static_cast<std::uint8_t>(random());
  }
  void set(Tail& value) const {
    const std::string bytes(random() % 80, static_cast<char>(random()));
    value = Tail::of(random() % 2 == 0 ? bytes : std::string{});
  }
  void set(Blocks& value) const { value = Blocks::of_bits(random() | random()); }
  void set(CongestionAlgorithm& value) const { value = static_cast<CongestionAlgorithm>(random() % 8); }
  void set(RowKind& value) const { value = static_cast<RowKind>(random() % 3); }
  void set(CloseReason& value) const { value = static_cast<CloseReason>(random() % 8); }
};

}  // namespace

std::string any_text(Random& random) {
  std::string text;
  const auto characters = random() % 8 == 0 ? random() % 300 : random() % 24;
  for (std::uint64_t i = 0; i < characters; ++i) put_utf8(text, any_point(random));
  return text;
}

Row any_row(Texts& texts, Random& random) {
  const AnyValue any{random, texts};
  Row row;
#define FIELD(name, number, type, block, unit, source) any.set(row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) any.set(row.member[index]);
#include "record/fields.inc"
  constexpr std::uint32_t kFamilies[] = {2, 10, 2, 10, 0};
  row.inet_diag_msg_family = kFamilies[random() % std::size(kFamilies)];
  return row;
}

xtcp_flat_record::v1::XtcpFlatRecord message_of(const Row& row) {
  xtcp_flat_record::v1::XtcpFlatRecord message;
  const auto* const reflection = message.GetReflection();
  for (const Field& field : fields()) {
    const Value value = value_of(row, field);
    const auto* const member = message.GetDescriptor()->FindFieldByNumber(static_cast<int>(field.number));
    if (const auto* const text = std::get_if<std::string_view>(&value)) {
      reflection->SetString(&message, member, std::string(*text));
    } else if (const auto* const flag = std::get_if<bool>(&value)) {
      reflection->SetBool(&message, member, *flag);
    } else if (const auto* const time = std::get_if<std::int64_t>(&value)) {
      reflection->SetInt64(&message, member, *time);
    } else if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
      if (field.type == FieldType::u64)
        reflection->SetUInt64(&message, member, *number);
      else if (field.type == FieldType::u32)
        reflection->SetUInt32(&message, member, static_cast<std::uint32_t>(*number));
      else
        reflection->SetEnumValue(&message, member, static_cast<int>(*number));
    }
  }
  return message;
}

}  // namespace uncork::record
