#include "filter/parse.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "filter/states.hpp"

namespace uncork::filter {
namespace {

TEST(Parse, prints_the_plain_words_of_what_it_read) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"", ""},
      {"sport = :https && comm ~ ^ng", "sport == 443 and comm ~ \"^ng\""},
      {"! ( pid=1 or pid=2 ) nodelay", "not (pid == 1 or pid == 2) and nodelay == yes"},
      {"state established state time-wait dst 10/8", "state established state time-wait and dst == 10.0.0.0/8"},
      {"state syn-recv", "state syn-recv"},
      {"exclude new-syn-recv",
       "state established state syn-sent state syn-recv state fin-wait-1 state fin-wait-2 state time-wait "
       "state closed state close-wait state last-ack state listening state closing state bound-inactive "
       "exclude new-syn-recv"},
      {"state all", "state all"},
      {"rtt > 1500us or rtt<2s", "rtt > 1500us or rtt < 2s"},
      {"src [2001:db8::1]:80 dst ::/0", "src == [2001:db8::1]:80 and dst == inet6:*"},
      {"(a_field == 1)", nullptr},
      {"((pid == 1))", "pid == 1"},
      {"src inet:10.0.0.1:22 dst [fe80::/10]", "src == inet:10.0.0.1:22 and dst == [fe80::]/10"},
      {"src inet:* dst inet:*:1", "src == inet:* and dst == inet:*:1"},
      {"fwmark = 0x01/0x03", "mark == 1/3"},
      {"cgroup /sys/fs/cgroup", "cgroup == \"/\""},
      {"pid == 1 and (fd == 1 and fd == 2)", "pid == 1 and (fd == 1 and fd == 2)"},
      {R"(comm == "a\"b\\c\d")", R"(comm == "a\"b\\c\\d")"},
  };
  for (const auto& [text, printed] : kCases) {
    const auto node = parse(text);
    ASSERT_EQ(node.has_value(), printed != nullptr) << text;
    EXPECT_EQ(node ? to_string(*node) : "", printed == nullptr ? "" : printed) << text;
  }
}

rc::Gen<std::string> any_text() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\"'\\ .*(|)&!~=:/")));
}

Host any_host() {
  Host host;
  host.family = *rc::gen::element(Host::Family::any, Host::Family::v4, Host::Family::v6);
  const bool v6 = host.family == Host::Family::v6;
  const unsigned bits = *rc::gen::inRange(0U, v6 ? 129U : 33U);
  std::string text = v6 ? "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/" : "198.51.100.255/";
  text += std::to_string(bits);
  if (host.family != Host::Family::any) host = *parse_host(text);
  if (*rc::gen::arbitrary<bool>()) host.port = *rc::gen::arbitrary<std::uint16_t>();
  return host;
}

Node any_comparison() {
  Node node;
  node.kind = Node::Kind::compare;
  const auto all = fields();
  node.field = &all[*rc::gen::inRange<std::size_t>(0, all.size())];
  const bool equal = *rc::gen::arbitrary<bool>();
  node.comparison = equal ? Comparison::equal : Comparison::unequal;
  switch (node.field->kind) {
    case Field::Kind::number:
      node.number = *rc::gen::arbitrary<std::uint64_t>();
      node.comparison = *rc::gen::element(Comparison::equal, Comparison::unequal, Comparison::less, Comparison::at_most,
                                          Comparison::greater, Comparison::at_least);
      break;
    case Field::Kind::port:
      node.number = *rc::gen::arbitrary<std::uint16_t>();
      break;
    case Field::Kind::flag:
      node.number = *rc::gen::inRange<std::uint64_t>(0, 2);
      break;
    case Field::Kind::choice:
      node.number = *rc::gen::inRange<std::size_t>(0, node.field->choices.size());
      break;
    case Field::Kind::text:
      node.text = *any_text();
      break;
    case Field::Kind::address:
      node.kind = Node::Kind::host;
      node.host = any_host();
      break;
    case Field::Kind::state: {
      Node states;
      states.kind = Node::Kind::in_states;
      states.number = *rc::gen::arbitrary<std::uint64_t>() & kEveryState;
      return states;
    }
  }
  return node;
}

Node any_node(int depth) {
  Node node;
  const int kind = *rc::gen::inRange(0, depth == 0 ? 2 : 5);
  if (kind == 0) {
    node.kind = Node::Kind::known;
    const auto all = fields();
    node.field = &all[*rc::gen::inRange<std::size_t>(0, all.size())];
    return node;
  }
  if (kind == 1) return any_comparison();
  node.kind = kind == 2 ? Node::Kind::negated : kind == 3 ? Node::Kind::all_of : Node::Kind::any_of;
  const int children = kind == 2 ? 1 : *rc::gen::inRange(2, 4);
  for (int i = 0; i < children; ++i) node.children.push_back(any_node(depth - 1));
  return node;
}

RC_GTEST_PROP(Parse, gives_the_same_tree_for_what_was_printed_of_it, ()) {
  const Node node = any_node(3);
  const std::string text = to_string(node);
  RC_PRE(text.size() <= 4096);
  const auto again = parse(text);
  if (!again) RC_FAIL(text + ": " + again.error().message);
  if (*again != node) RC_FAIL(text + " -> " + to_string(*again));
}

RC_GTEST_PROP(Parse, reads_or_refuses_any_words, (const std::vector<std::uint8_t>& picks)) {
  constexpr const char* kWords[] = {"and", "or",    "not",  "(",     ")",     "==",   "!=",     "~", ">",
                                    "pid", "comm",  "rtt",  "state", "dst",   "port", "1",      "x", "1ms",
                                    "\"",  "':80'", "10/8", "all",   "known", "!",    "exclude"};
  std::string text;
  for (const std::uint8_t pick : picks) text += std::string(kWords[pick % std::size(kWords)]) + " ";
  const auto node = parse(text);
  if (!node) {
    RC_ASSERT(node.error().message.starts_with("column "));
    return;
  }
  const auto again = parse(to_string(*node));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == *node);
}

}  // namespace
}  // namespace uncork::filter
