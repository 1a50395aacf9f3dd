// The JUnit document to the byte, and that no text can break it.

#include "report/junit.hpp"

#include <gtest/gtest.h>

namespace uncork::report {
namespace {

using namespace std::chrono_literals;

TEST(Junit, has_a_case_for_each_and_the_failure_with_its_text) {
  const JunitSuite suite{
      .name = "uncork check",
      .took = 1500ms,
      .properties = {{"link", "plain"}},
      .cases = {{"server a, port 1", 20ms, {}}, {"client b, port 1", 1s, JunitFailure{"cork", "lost", "one\ntwo\n"}}}};
  EXPECT_EQ(junit_xml(suite),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"uncork check\" tests=\"2\" failures=\"1\" time=\"1.500\">\n"
            "  <testsuite name=\"uncork check\" tests=\"2\" failures=\"1\" time=\"1.500\" errors=\"0\">\n"
            "    <properties>\n"
            "      <property name=\"link\" value=\"plain\"/>\n"
            "    </properties>\n"
            "    <testcase classname=\"uncork check\" name=\"server a, port 1\" time=\"0.020\"/>\n"
            "    <testcase classname=\"uncork check\" name=\"client b, port 1\" time=\"1.000\">\n"
            "      <failure type=\"cork\" message=\"lost\">one\ntwo\n</failure>\n"
            "    </testcase>\n"
            "  </testsuite>\n"
            "</testsuites>\n");
}

TEST(Junit, escapes_what_would_break_it) {
  const std::string odd = "<&\">'\x01\x1b\xff\xef\xbf\xbf\xef\xbf\xbe\xc3\xa9";
  const std::string xml = junit_xml({.name = "s", .took = 0us, .properties = {}, .cases = {{odd, 0us, {}}}});
  EXPECT_NE(xml.find("name=\"&lt;&amp;&quot;&gt;'?????????\xc3\xa9\""), std::string::npos) << xml;
}

}  // namespace
}  // namespace uncork::report
