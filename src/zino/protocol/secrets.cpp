#include "zino/protocol/secrets.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <span>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

}  // namespace

core::Result<Secrets> Secrets::parse(std::string_view text) {
  Secrets secrets;
  std::size_t number = 0;
  if (!is_utf8(text)) return core::fail(core::invalid_argument("not UTF-8"));
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = strip(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return core::fail(core::invalid_argument(fmt::format("line {}: no secret", number)));
    secrets.secrets_.insert_or_assign(std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
  }
  return secrets;
}

const std::string* Secrets::find(const std::string& user) const {
  const auto found = secrets_.find(user);
  return found == secrets_.end() ? nullptr : &found->second;
}

std::string expected_response(std::string_view challenge, std::string_view secret) {
  const std::string text = fmt::format("{} {}", challenge, secret);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex(digest);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string make_challenge() {
  std::array<unsigned char, SHA_DIGEST_LENGTH> random{};
  UNCORK_ASSERT(::RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  return hex(random);
}

}  // namespace uncork::zino
