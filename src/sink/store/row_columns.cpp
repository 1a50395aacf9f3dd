#include "sink/store/row_columns.hpp"

#include <arpa/inet.h>

#include <concepts>
#include <type_traits>
#include <utility>

#include "record/catalogue.hpp"
#include "record/human.hpp"

namespace uncork::sink {
namespace {

using namespace record;

std::string type_of(const Field& field) {
  switch (field.type) {
    case FieldType::text:
    case FieldType::address:
      return "TEXT";
    case FieldType::tail:
      return "BLOB";
    default:
      return "INTEGER";
  }
}

/// Binds one field after the other.
class Binder {
 public:
  Binder(Statement& statement, int from, const Row& row, RowRoom& room)
      : statement_(statement), at_(from), row_(row), room_(room) {}

  template <typename T>
  void field(Block block, const T& value) {
    if (row_.knows(block)) put(value);
    ++at_;
  }

 private:
  template <std::integral T>
  void put(T value) {
    statement_.bind(at_, static_cast<std::int64_t>(value));
  }
  template <typename T>
    requires std::is_enum_v<T>
  void put(T value) {
    put(std::to_underlying(value));
  }
  void put(Blocks value) { put(value.bits()); }
  void put(Text value) {
    if (!value.empty()) statement_.bind(at_, value.view());
  }
  void put(const Tail& value) { statement_.bind_bytes(at_, value.view()); }
  void put(const Address& value) {
    std::string& text = is_source_ ? room_.source : room_.destination;  // the catalogue has them in this order
    is_source_ = false;
    if (row_.address_size() == 0) return;
    text = address_text({reinterpret_cast<const char*>(value.data()), row_.address_size()});
    statement_.bind(at_, std::string_view(text));
  }

  Statement& statement_;
  int at_;
  const Row& row_;
  RowRoom& room_;
  bool is_source_ = true;
};

/// Reads one field after the other.
class Picker {
 public:
  Picker(const Statement& statement, int from, Texts& texts) : statement_(statement), at_(from), texts_(texts) {}

  template <typename T>
  void field(T& value) {
    take(value);
    ++at_;
  }

 private:
  template <std::integral T>
  void take(T& value) const {
    value = static_cast<T>(statement_.number(at_));
  }
  template <typename T>
    requires std::is_enum_v<T>
  void take(T& value) const {
    value = static_cast<T>(statement_.number(at_));
  }
  void take(Blocks& value) const { value = Blocks::of_bits(static_cast<std::uint64_t>(statement_.number(at_))); }
  void take(Text& value) { value = texts_.keep(statement_.text(at_)); }
  void take(Tail& value) const { value = Tail::of(statement_.bytes(at_)); }
  void take(Address& value) const {
    const std::string text(statement_.text(at_));
    const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (::inet_pton(family, text.c_str(), value.data()) != 1) value = {};
  }

  const Statement& statement_;
  int at_;
  Texts& texts_;
};

}  // namespace

const std::vector<RowColumn>& row_columns() {
  static const std::vector<RowColumn> kColumns = [] {
    std::vector<RowColumn> columns;
    for (const Field& field : fields()) columns.push_back({std::string(field.name), type_of(field)});
    return columns;
  }();
  return kColumns;
}

void bind_row(Statement& statement, int from, const Row& row, RowRoom& room) {
  Binder bind(statement, from, row, room);
#define FIELD(name, number, type, block, unit, source) bind.field(Block::block, row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) bind.field(Block::block, row.member[index]);
#include "record/fields.inc"
}

Row read_row(const Statement& statement, int from, Texts& texts) {
  Row row;
  Picker pick(statement, from, texts);
#define FIELD(name, number, type, block, unit, source) pick.field(row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) pick.field(row.member[index]);
#include "record/fields.inc"
  return row;
}

}  // namespace uncork::sink
