#include "record/texts.hpp"

#include <cstring>
#include <string>

#include "record/utf8.hpp"

namespace uncork::record {

namespace {

// Ages: what was held since the last sweep, what was kept since then or held at that one, and what the next sweep frees.
constexpr char kHeld = 0;
constexpr char kKept = 1;
constexpr char kLast = 2;
constexpr std::size_t kBeside = 48;  // what the set and the allocator take for each, about

}  // namespace

const char Text::kEmpty[Text::kHeader + Text::kSlack] = {0, 0, 0, 0, 1};

Text Texts::keep(std::string_view text) {
  if (text.empty()) return {};
  if (const auto known = known_.find(text); known != known_.end()) {
    known->get()[Text::kAge] = kKept;
    return Text{known->get()};
  }
  if (text.size() > kLongest) return keep(whole_characters(text.substr(0, kLongest)));
  if (!is_utf8(text)) return keep(as_utf8(text));

  Entry entry = std::make_unique<char[]>(Text::kHeader + text.size() + Text::kSlack);
  const auto size = static_cast<std::uint32_t>(text.size());
  std::memcpy(entry.get(), &size, sizeof size);
  const std::uint32_t length_bytes = size < 0x80 ? 1 : 2;
  entry[4] = static_cast<char>(length_bytes);
  entry[Text::kAge] = kKept;
  char* const length = entry.get() + Text::kHeader - length_bytes;
  length[0] = static_cast<char>(size < 0x80 ? size : (size & 0x7f) | 0x80);
  if (length_bytes == 2) length[1] = static_cast<char>(size >> 7);
  std::memcpy(entry.get() + Text::kHeader, text.data(), text.size());
  bytes_ += bytes_of(Text{entry.get()});
  added_ += bytes_of(Text{entry.get()});
  return Text{known_.insert(std::move(entry)).first->get()};
}

std::size_t Texts::bytes_of(Text text) { return Text::kHeader + text.size() + Text::kSlack + kBeside; }

void Texts::hold(Text text) {
  // Its keeper made it of memory that may be written; only kEmpty is not.
  if (!text.empty()) const_cast<char*>(text.entry_)[Text::kAge] = kHeld;
}

void Texts::sweep() {
  added_ = held_ = 0;
  std::erase_if(known_, [&](const Entry& entry) {
    char& age = entry[Text::kAge];
    const std::size_t bytes = bytes_of(Text{entry.get()});
    if (age == kLast) {
      bytes_ -= bytes;
      return true;
    }
    if (age == kHeld) held_ += bytes;
    ++age;
    return false;
  });
}

}  // namespace uncork::record
