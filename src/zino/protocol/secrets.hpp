#pragma once
// Users and their secrets, and the challenge-response of USER.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::zino {

/// The secrets file: `NAME SECRET` lines, split at the first single space; the secret may begin with and contain spaces; blank
/// lines are skipped; there are no comments; of two lines with one name the later counts. A line without a secret, or that is not
/// UTF-8, is skipped: it must not lock out everybody else (as it does with Zino 2).
class Secrets {
 public:
  static Secrets parse(std::string_view text);

  /// What was skipped or meant twice, by line; never a secret.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] const std::string* find(const std::string& user) const;

 private:
  std::map<std::string, std::string> secrets_;
  std::vector<std::string> warnings_;
};

/// SHA-1 of `challenge + " " + secret` in lower-case hex: what a client must answer.
[[nodiscard]] std::string expected_response(std::string_view challenge, std::string_view secret);
/// In a time that does not depend on where the texts differ.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);
/// 40 lower-case hex digits that nobody can foresee: a challenge or a nonce.
[[nodiscard]] std::string make_challenge();

}  // namespace uncork::zino
