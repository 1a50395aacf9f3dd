#pragma once
// What can be asked of a row: the names for people, and every field of the schema by its own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "filter/literal.hpp"
#include "record/catalogue.hpp"
#include "record/row.hpp"

namespace uncork::filter {

/// What a row has of a field: nothing (unknown), one value, or a few, any of which may be meant (`port` is one of two).
class Values {
 public:
  struct Value {
    std::uint64_t number = 0;
    std::string_view text{};  ///< lives as long as the row and its Texts
  };
  void add(std::uint64_t number) { values_[size_++].number = number; }
  void add(std::string_view text) { values_[size_++].text = text; }
  [[nodiscard]] bool known() const { return size_ != 0; }
  [[nodiscard]] std::span<const Value> all() const { return std::span(values_).first(size_); }
  [[nodiscard]] const Value& first() const { return values_[0]; }

 private:
  std::array<Value, 3> values_{};
  std::size_t size_ = 0;
};

struct Field {
  enum class Kind : std::uint8_t {
    number,
    text,
    flag,    ///< 0 or 1
    choice,  ///< a number that is one of `choices`
    port,
    address,
    state,
  };
  using Read = void (*)(const Field& field, const record::Row& row, Values& into);

  std::string_view name;
  Kind kind = Kind::number;
  Quantity quantity = Quantity::count;
  std::uint64_t scale = 1;  ///< one of the row's numbers in nanoseconds, bytes or bits a second
  Read read = nullptr;
  std::string_view help{};
  bool of_peer = false;  ///< of an address: not the local one
  std::span<const std::string_view> choices{};
  const record::Field* schema = nullptr;  ///< the field of the schema that it is; none: it is made of others

  [[nodiscard]] Values values(const record::Row& row) const {
    Values values;
    read(*this, row, values);
    return values;
  }
};

/// Short names first, then those of the schema.
[[nodiscard]] std::span<const Field> fields();
[[nodiscard]] std::span<const Field> short_fields();
/// By its name; nothing: there is none.
[[nodiscard]] const Field* find_field(std::string_view name);

/// The names of the causes in the order of record::Cause, and `none` behind them.
[[nodiscard]] std::span<const std::string_view> cause_names();

}  // namespace uncork::filter
