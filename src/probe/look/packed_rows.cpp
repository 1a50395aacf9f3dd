#include "probe/look/packed_rows.hpp"

#include <array>
#include <cstring>

namespace uncork::probe {
namespace {

using Word = std::uint64_t;
constexpr std::size_t kWordBits = 64;
constexpr std::size_t kWords = sizeof(record::Row) / sizeof(Word);
static_assert(sizeof(record::Row) % sizeof(Word) == 0);
constexpr std::size_t kMaskWords = (kWords + kWordBits - 1) / kWordBits;

}  // namespace

void PackedRows::push_back(const record::Row& row) {
  if (begins_.empty()) first_ = row;
  std::array<Word, kWords> first{};
  std::memcpy(first.data(), &first_, sizeof first_);
  std::array<Word, kWords> whole{};
  std::memcpy(whole.data(), &row, sizeof row);
  const std::size_t begin = words_.size();
  begins_.push_back(static_cast<std::uint32_t>(begin));
  words_.resize(begin + kMaskWords);
  for (std::size_t i = 0; i < kWords; ++i) {
    if (whole[i] == first[i]) continue;
    words_[begin + i / kWordBits] |= Word{1} << (i % kWordBits);
    words_.push_back(whole[i]);
  }
}

record::Row PackedRows::at(std::size_t number) const {
  std::array<Word, kWords> whole{};
  std::memcpy(whole.data(), &first_, sizeof first_);
  const Word* const mask = &words_[begins_[number]];
  const Word* next = mask + kMaskWords;
  for (std::size_t i = 0; i < kWords; ++i) {
    if ((mask[i / kWordBits] >> (i % kWordBits) & 1) != 0) whole[i] = *next++;
  }
  record::Row row;
  std::memcpy(static_cast<void*>(&row), whole.data(), sizeof row);
  return row;
}

void PackedRows::clear() {
  words_.clear();
  begins_.clear();
}

}  // namespace uncork::probe
