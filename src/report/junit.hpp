#pragma once
// Results of a check as the XML that build servers read (JUnit's, as Jenkins and GitLab take it).

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace uncork::report {

struct JunitFailure {
  std::string kind;     ///< one word
  std::string message;  ///< one line
  std::string text;     ///< the whole story
};

struct JunitCase {
  std::string name;
  core::Micros took{0};
  std::optional<JunitFailure> failure;
};

struct JunitSuite {
  std::string name;
  core::Micros took{0};
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<JunitCase> cases;
};

/// A whole document, well-formed whatever the texts hold: characters that XML has no place for, and bytes that are not UTF-8, are
/// shown as `?`.
[[nodiscard]] std::string junit_xml(const JunitSuite& suite);

}  // namespace uncork::report
