#include "report/junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "report/printable.hpp"

namespace uncork::report {
namespace {

std::string escaped(std::string_view line) {
  std::string shown = printable(line);
  for (std::size_t at = 0; (at = shown.find("\xEF\xBF", at)) != std::string::npos; at += 3) {
    const bool none = shown[at + 2] == '\xBE' || shown[at + 2] == '\xBF';  // U+FFFE, U+FFFF: XML 1.0, 2.2
    if (none) shown[at] = shown[at + 1] = shown[at + 2] = '?';
  }
  std::string text;
  for (const char c : shown) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      default:
        text += c;
    }
  }
  return text;
}

/// Line by line, since the ends of lines are no characters to look at.
std::string escaped_lines(std::string_view text) {
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines += escaped(text.substr(at, end - at)) + (end < text.size() ? "\n" : "");
    at = end + 1;
  }
  return lines;
}

std::string seconds(core::Micros time) { return fmt::format("{:.3f}", core::to_ms(time) / 1000); }

std::string case_xml(const std::string& suite, const JunitCase& one) {
  const std::string head =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"", escaped(suite), escaped(one.name), seconds(one.took));
  if (!one.failure) return head + "/>\n";
  return fmt::format("{}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n", head,
                     escaped(one.failure->kind), escaped(one.failure->message), escaped_lines(one.failure->text));
}

}  // namespace

std::string junit_xml(const JunitSuite& suite) {
  const auto failures = std::ranges::count_if(suite.cases, [](const JunitCase& one) { return one.failure.has_value(); });
  const std::string counts = fmt::format("name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{}\"", escaped(suite.name),
                                         suite.cases.size(), failures, seconds(suite.took));
  std::string xml =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite {0} errors=\"0\">\n", counts);
  xml += "    <properties>\n";
  for (const auto& [name, value] : suite.properties) {
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", escaped(name), escaped(value));
  }
  xml += "    </properties>\n";
  for (const JunitCase& one : suite.cases) xml += case_xml(suite.name, one);
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace uncork::report
