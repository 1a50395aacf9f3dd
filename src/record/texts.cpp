#include "record/texts.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "record/utf8.hpp"

namespace uncork::record {

namespace {

constexpr std::size_t kChunk = 64 * 1024;

}  // namespace

const char Text::kEmpty[Text::kHeader + Text::kSlack] = {0, 0, 0, 0, 1};

char* Texts::room(std::size_t size) {
  size = (size + 7) & ~std::size_t{7};
  if (chunk_ - used_ < size) {
    chunk_ = std::max(size, kChunk);
    chunks_.push_back(std::make_unique<char[]>(chunk_));
    used_ = 0;
    bytes_ += chunk_;
  }
  char* const place = chunks_.back().get() + used_;
  used_ += size;
  return place;
}

Text Texts::keep(std::string_view text) {
  if (text.empty()) return {};
  if (const auto known = known_.find(text); known != known_.end()) return *known;
  if (text.size() > kLongest) return keep(whole_characters(text.substr(0, kLongest)));
  if (!is_utf8(text)) return keep(as_utf8(text));

  char* const entry = room(Text::kHeader + text.size() + Text::kSlack);
  const auto size = static_cast<std::uint32_t>(text.size());
  std::memcpy(entry, &size, sizeof size);
  const std::uint32_t length_bytes = size < 0x80 ? 1 : 2;
  entry[4] = static_cast<char>(length_bytes);
  char* const length = entry + Text::kHeader - length_bytes;
  length[0] = static_cast<char>(size < 0x80 ? size : (size & 0x7f) | 0x80);
  if (length_bytes == 2) length[1] = static_cast<char>(size >> 7);
  std::memcpy(entry + Text::kHeader, text.data(), text.size());
  return *known_.insert(Text{entry}).first;
}

}  // namespace uncork::record
