#include "zino/protocol/secrets.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <span>

#include "core/error.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

}  // namespace

Secrets Secrets::parse(std::string_view text) {
  Secrets secrets;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view bytes = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto warn = [&](std::string_view what) { secrets.warnings_.push_back(fmt::format("line {}: {}", number, what)); };
    if (!is_utf8(bytes)) {
      warn("not UTF-8, skipped");
      continue;
    }
    const std::string_view line = strip(bytes);
    if (line.empty()) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) {
      warn("no secret, skipped");
      continue;
    }
    const std::string name(line.substr(0, space));
    const bool added = secrets.secrets_.insert_or_assign(name, std::string(line.substr(space + 1))).second;
    if (!added) warn(fmt::format("user '{}' is there already; this line counts", name));
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
