// Every verb of the client against a server that answers wrongly: an error, never a short list, and never a longer wait than it
// was told to have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "core/clock.hpp"
#include "tests/cli/fake_zino.hpp"
#include "tests/cli/program.hpp"
#include "tests/core/sanitized.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::FakeZino;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Said;
using Arguments = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr auto kTimeout = 300ms;

/// A secrets file for as long as it is there.
class Secrets {
 public:
  Secrets() {
    std::ofstream(path()) << "ford secret\n";
    std::filesystem::permissions(path(), std::filesystem::perms(0600));
  }
  [[nodiscard]] std::string path() const { return directory_.path() + "/secrets"; }

 private:
  cure::testing::ScratchDirectory directory_;
};

Arguments with_login(Arguments verb, const FakeZino& server, const Secrets& secrets, std::chrono::milliseconds timeout) {
  verb.insert(verb.begin(), "zino");
  const Arguments login = {
      "--server",  "127.0.0.1:" + std::to_string(server.port()), "--secrets", secrets.path(), "--user", "ford",
      "--timeout", std::to_string(timeout.count()) + "ms"};
  verb.insert(verb.end(), login.begin(), login.end());
  return verb;
}

const std::vector<Arguments>& verbs() {
  static const std::vector<Arguments> kVerbs = {
      {"list"},
      {"fetch", "--all"},
      {"fetch", "--all", "--pipeline", "5"},
      {"show", "1"},
      {"history", "1"},
      {"log", "1"},
      {"set-state", "1", "working"},
      {"add-history", "1", "-m", "text"},
      {"pm", "list"},
      {"pm", "show", "1"},
      {"pm", "add", "--from", "+1h", "--to", "+2h", "gw-1"},
      {"pm", "add-log", "1", "-m", "text"},
      {"pm", "cancel", "1"},
  };
  return kVerbs;
}

std::string name_of(const Arguments& verb) {
  std::string name;
  for (const std::string& word : verb) name += (name.empty() ? "" : " ") + word;
  return name;
}

bool is_list(const std::string& right) { return right.ends_with("\r\n.\r\n"); }
std::string first_line(const std::string& right) { return right.substr(0, right.find("\r\n") + 2); }
std::string without_first_line(const std::string& right) { return right.substr(right.find("\r\n") + 2); }
std::string without_end(const std::string& list) { return list.substr(0, list.size() - 3); }

/// One way of answering wrongly; nothing where it would be right.
struct Wrong {
  const char* name;
  std::optional<Said> (*answer)(const std::string& question, const std::string& right);
  bool goes_on = true;  // false: it is in what follows, which nobody reads after the last
};

std::optional<Said> list_only(const std::string& right, std::string bytes, bool closes = false) {
  return is_list(right) ? std::optional(Said{.bytes = std::move(bytes), .closes = closes}) : std::nullopt;
}

const std::vector<Wrong>& wrongs() {
  using Text = const std::string&;
  static const std::vector<Wrong> kWrongs = {
      {"an internal error", [](Text, Text) -> std::optional<Said> { return Said{.bytes = "500 internal error\r\n"}; }},
      {"a refusal", [](Text, Text) -> std::optional<Said> { return Said{.bytes = "500 Not authenticated\r\n"}; }},
      {"another case is gone",
       [](Text, Text) -> std::optional<Said> { return Said{.bytes = "500 event \"77\" does not exist\r\n"}; }},
      {"a code nobody knows", [](Text, Text) -> std::optional<Said> { return Said{.bytes = "404 Not Found\r\n"}; }},
      {"a 200 for a list, a list for a 200",
       [](Text, Text right) -> std::optional<Said> {
         return Said{.bytes = right.starts_with("200") ? "303 attributes\r\nid: 1\r\n.\r\n" : "200 ok\r\n"};
       }},
      {"another list",
       [](Text, Text right) { return list_only(right, (right.starts_with("300") ? "301" : "300") + right.substr(3)); }},
      {"many lines for one",
       [](Text, Text right) -> std::optional<Said> {
         if (is_list(right)) return std::nullopt;
         return Said{.bytes = right.substr(0, 3) + "- one\r\n" + right.substr(0, 3) + "  two\r\n"};
       }},
      {"a list that fails half-way",
       [](Text, Text right) { return list_only(right, without_end(right) + "500 internal error\r\n"); }},
      {"a line in a list that cannot be read",
       [](Text, Text right) { return list_only(right, without_end(right) + "what is this\r\n.\r\n"); }},
      {"an empty line in a list", [](Text, Text right) { return list_only(right, without_end(right) + "\r\n.\r\n"); }},
      {"a list without its head", [](Text, Text right) { return list_only(right, without_first_line(right)); }},
      {"a list that ends twice", [](Text, Text right) { return list_only(right, right + ".\r\n"); }, false},
      {"a list that ends early",
       [](Text, Text right) { return list_only(right, first_line(right) + ".\r\n" + without_first_line(right)); }, false},
      {"attributes of another case",
       [](Text question, Text right) -> std::optional<Said> {
         if (!question.starts_with("GETATTRS ")) return std::nullopt;
         std::string other = right;
         return Said{.bytes = other.replace(other.find("id: ") + 4, 1, "7")};
       }},
      {"attributes without an id",
       [](Text question, Text right) -> std::optional<Said> {
         if (!question.starts_with("GETATTRS ")) return std::nullopt;
         return Said{.bytes = first_line(right) + without_first_line(without_first_line(right))};
       }},
      {"another maintenance",
       [](Text question, Text) -> std::optional<Said> {
         if (question.starts_with("PM MATCHING ")) return Said{.bytes = "300 matching\r\n7 device gw-1\r\n.\r\n"};
         if (!question.starts_with("PM DETAILS ")) return std::nullopt;
         return Said{.bytes = "200 7 1764547200 1764554400 device exact gw-1\r\n"};
       }},
      {"a line that nobody asked for, before",
       [](Text, Text right) -> std::optional<Said> { return Said{.bytes = "\r\n" + right}; }},
      {"a line that nobody asked for, after",
       [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right + "what is this\r\n"}; }, false},
      {"an answer that nobody asked for",
       [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right + "200 ok\r\n"}; }, false},
      {"the answer twice", [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right + right}; }, false},
      {"the end inside it",
       [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right.substr(0, right.size() / 2), .closes = true}; }},
      {"the end in place of it", [](Text, Text) -> std::optional<Said> { return Said{.bytes = "", .closes = true}; }},
      {"silence inside it",
       [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right.substr(0, right.size() - 3)}; }},
      {"silence in place of it", [](Text, Text) -> std::optional<Said> { return Said{.bytes = ""}; }},
      {"a byte now and then", [](Text, Text right) -> std::optional<Said> { return Said{.bytes = right, .pause = 120ms}; }},
      {"a list without end",
       [](Text, Text right) -> std::optional<Said> {
         return is_list(right) ? std::optional(Said{.bytes = without_end(right), .endless = true}) : std::nullopt;
       }},
  };
  return kWrongs;
}

/// What is wrong with how the program took it; empty: nothing.
std::string judge(const Arguments& verb, const Wrong& wrong, const std::string& at, bool byte_by_byte, const Secrets& secrets) {
  std::atomic<bool> applies = false;
  const auto answer = [&](const std::string& question, const std::string& right) {
    if (!question.starts_with(at)) return Said{.bytes = right};
    const auto said = wrong.answer(question, right);
    applies = said.has_value();
    return said.value_or(Said{.bytes = right});
  };
  const FakeZino server(answer, byte_by_byte);
  const core::Time begun = core::MonotonicClock::now();
  const Finished finished = testing::run_program(with_login(verb, server, secrets, kTimeout));
  const auto took = core::MonotonicClock::now() - begun;
  if (!applies) return "";
  std::string complaint;
  if (finished.exit == 0) complaint = "success: " + finished.out;
  if (finished.exit != 0 && finished.exit != 2 && finished.exit != 3) complaint = "exit " + std::to_string(finished.exit);
  if (!finished.out.empty()) complaint += " printed: " + finished.out;
  if (finished.err.empty()) complaint += " no error told";
  // Whatever the machine does besides: an answer that never ends would take a minute.
  if (took > 3 * kTimeout + 2s) complaint += " it took " + std::to_string(took.count() / 1000) + " ms";
  if (complaint.empty()) return "";
  return name_of(verb) + ", " + wrong.name + " at " + at + (byte_by_byte ? ", byte by byte: " : ": ") + complaint + finished.err;
}

/// The questions of a verb whose answers can be got wrong, without the words that differ from run to run.
Arguments questions_of(const Arguments& verb, const Secrets& secrets) {
  const FakeZino server([](const std::string&, const std::string& right) { return Said{.bytes = right}; }, false);
  const Finished finished = testing::run_program(with_login(verb, server, secrets, 20s));
  EXPECT_EQ(finished.exit, 0) << name_of(verb) << finished.err;
  EXPECT_THAT(finished.out, Not(HasSubstr("no "))) << name_of(verb);
  Arguments asked = server.asked();
  for (std::string& question : asked) {
    for (const char* varies : {"USER ", "PM ADD "}) {
      if (question.starts_with(varies)) question = varies;
    }
  }
  return asked;
}

/// Calls `act` with each number below `count`, on several threads: most of the time is spent in time limits.
void for_each_at_once(std::size_t count, const std::function<void(std::size_t)>& act) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (std::size_t number = 0; (number = next++) < count;) act(number);
    });
  }
}

/// A test a verb, since each starts the program some hundred times.
class ZinoAnswersTo : public ::testing::TestWithParam<Arguments> {};

TEST_P(ZinoAnswersTo, a_wrong_one_is_an_error_whatever_asked_for_it_and_however_it_comes) {
  struct Run {
    const Wrong* wrong;
    std::string at;
    bool byte_by_byte;
  };
#ifdef UNCORK_SANITIZED
  constexpr bool sanitized = true;  // a start of the program costs ten times as much: one way each, in turn
#else
  constexpr bool sanitized = false;
#endif
  const Secrets secrets;
  std::vector<Run> runs;
  for (const std::string& question : questions_of(GetParam(), secrets)) {
    for (const Wrong& wrong : wrongs()) {
      if (question == "QUIT" && !wrong.goes_on) continue;
      if (sanitized) {
        runs.push_back({&wrong, question, runs.size() % 2 == 1});
        continue;
      }
      runs.push_back({&wrong, question, false});
      runs.push_back({&wrong, question, true});
    }
  }
  std::mutex mutex;
  std::vector<std::string> complaints;
  for_each_at_once(runs.size(), [&](std::size_t number) {
    const Run& run = runs[number];
    const std::string complaint = judge(GetParam(), *run.wrong, run.at, run.byte_by_byte, secrets);
    const std::scoped_lock lock(mutex);
    if (!complaint.empty()) complaints.push_back(complaint);
  });
  for (const std::string& complaint : complaints) ADD_FAILURE() << complaint;
  EXPECT_GT(runs.size(), 25U);
}

INSTANTIATE_TEST_SUITE_P(Verb, ZinoAnswersTo, ::testing::ValuesIn(verbs()), [](const auto& verb) {
  std::string name;
  for (const char c : name_of(verb.param)) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

/// A case that went away between the listing and its turn is the one thing that may be missing.
TEST(ZinoAnswers, a_case_that_is_gone_is_left_out_and_counted) {
  const Secrets secrets;
  const auto gone = [](const std::string& question, const std::string& right) {
    return Said{.bytes = question.starts_with("GET") && question.ends_with(" 1") ? "500 event \"1\" does not exist\r\n" : right};
  };
  const FakeZino server(gone, false);
  const Finished listed = testing::run_program(with_login({"list"}, server, secrets, 20s));
  EXPECT_EQ(listed.exit, 0) << listed.err;
  EXPECT_THAT(listed.out, AllOf(HasSubstr("gw-2"), Not(HasSubstr("gw-1")), HasSubstr("1 case, sorted by state")));
  const Finished fetched = testing::run_program(with_login({"fetch", "--all"}, server, secrets, 20s));
  EXPECT_THAT(fetched.out, AllOf(HasSubstr("1 case with history"), HasSubstr("1 more went away meanwhile")));
  const Finished shown = testing::run_program(with_login({"show", "1"}, server, secrets, 20s));
  EXPECT_EQ(shown.exit, 2);
  EXPECT_THAT(shown.err, HasSubstr("event \"1\" does not exist"));
}

TEST(ZinoAnswers, what_is_not_of_the_protocol_is_quoted_and_no_answer_is_said_only_when_none_came) {
  const Secrets secrets;
  const auto said_to = [&](const std::string& bytes) {
    const auto answer = [&](const std::string& question, const std::string& right) {
      return Said{.bytes = question == "CASEIDS" ? bytes : right};
    };
    const FakeZino server(answer, false);
    return testing::run_program(with_login({"list"}, server, secrets, kTimeout)).err;
  };
  EXPECT_THAT(said_to("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("'HTTP/1.1 400 Bad Request'"));
  EXPECT_THAT(said_to("220 mail ready\r\n"), HasSubstr("'220 mail ready'"));
  EXPECT_THAT(said_to("304 list\r\n1\r\n"), AllOf(HasSubstr("'304 list' and 1"), Not(HasSubstr("no answer"))));
  EXPECT_THAT(said_to("304"), AllOf(HasSubstr("'304'"), Not(HasSubstr("no answer"))));
  EXPECT_THAT(said_to(""), HasSubstr("no answer for 300 ms"));
}

/// What `watch` says of one notification, until it is interrupted.
Finished watch_one(const FakeZino::Answer& answer, const std::string& notification, bool json) {
  const Secrets secrets;
  const FakeZino server(answer, false, notification);
  Arguments verb = {"watch", "--notify-port", std::to_string(server.notify_port())};
  if (json) verb.emplace_back("--json");
  return testing::run_program(with_login(verb, server, secrets, kTimeout), {.signal = SIGINT, .signal_after = 1500ms});
}

TEST(ZinoWatch, prints_what_was_written_and_by_whom) {
  const auto right_answer = [](const std::string&, const std::string& right) { return Said{.bytes = right}; };
  const Finished text = watch_one(right_answer, "1 history 1\r\n", false);
  EXPECT_EQ(text.exit, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("case 1     new in the history"), HasSubstr("ford: line one\n"), HasSubstr("line two\n"),
                              Not(HasSubstr("embryonic"))));
  const Finished json = watch_one(right_answer, "1 history 1\r\n", true);
  EXPECT_THAT(json.out, HasSubstr(R"("entries":[{"at":1763800001,"text":"ford\nline one\nline two"}])"));
}

TEST(ZinoWatch, a_notification_is_told_whatever_becomes_of_the_questions_about_it) {
  for (const char* wrong :
       {"500 internal error\r\n", "500 event \"1\" does not exist\r\n", "200 ok\r\n", "what is this\r\n", ""}) {
    const auto answer = [wrong](const std::string& question, const std::string& right) {
      return Said{.bytes = question.starts_with("GETATTRS") ? wrong : right};
    };
    const Finished watched = watch_one(answer, "1 state open working\r\n", false);
    EXPECT_EQ(watched.exit, 0) << watched.err;
    EXPECT_THAT(watched.out, HasSubstr("case 1     open -> working")) << wrong << watched.err;
  }
}

TEST(ZinoWatch, a_line_that_is_no_notification_is_quoted) {
  const auto right_answer = [](const std::string&, const std::string& right) { return Said{.bytes = right}; };
  EXPECT_THAT(watch_one(right_answer, "what is this\r\n", false).err, HasSubstr("'what is this', which is not a notification"));
}

/// Wherever they wait: for the greeting, for an answer, for the nonce.
TEST(ZinoClient, an_interrupt_ends_watch_and_fetch_at_once_wherever_they_wait) {
  const Secrets secrets;
  for (const char* silent_at : {"GREETING", "USER ", "CASEIDS", "NTIE "}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      for (const char* verb : {"watch", "fetch"}) {
        const bool fetches = std::string_view(verb) == "fetch";
        if (fetches == std::string_view(silent_at).starts_with("NTIE") || (!fetches && std::string_view(silent_at) == "CASEIDS"))
          continue;
        const auto answer = [silent_at](const std::string& question, const std::string& right) {
          return Said{.bytes = question.starts_with(silent_at) ? "" : right};
        };
        const FakeZino server(answer, false);
        Arguments arguments = with_login({verb}, server, secrets, 10min);
        if (fetches) {
          arguments.emplace_back("--all");
        } else {
          arguments.insert(arguments.end(), {"--notify-port", std::to_string(server.notify_port())});
        }
        // On a machine with much else to do, the program may not have begun to listen for the signal: then once more, later.
        Finished ended;
        for (core::Micros after = 300ms; after < 10s; after *= 3) {
          const core::Time begun = core::MonotonicClock::now();
          ended = testing::run_program(arguments, {.signal = signal, .signal_after = after});
          EXPECT_LT(core::MonotonicClock::now() - begun, 20s + after) << "and not only when killed after a minute";
          if (ended.exit != 128 + signal) break;
        }
        EXPECT_EQ(ended.exit, fetches ? 3 : 0) << verb << silent_at << ended.err;
      }
    }
  }
}

TEST(ZinoClient, a_state_that_is_none_is_refused_with_those_that_there_are) {
  const Finished listed = testing::run_program({"zino", "list", "--state", "opne"});
  EXPECT_EQ(listed.exit, 2);
  EXPECT_THAT(listed.err, AllOf(HasSubstr("'opne' is not a state; give open, working, waiting, confirm-wait, ignored, closed"),
                                HasSubstr("see 'uncork zino list --help'")));
}

TEST(ZinoClient, a_misuse_names_the_help_of_its_own_verb) {
  for (const std::string verb : {"zino", "zino pm", "zino pm add", "zino show", "zino serve", "zino front", "zino watch"}) {
    Arguments words;
    for (std::size_t at = 0; at < verb.size();) {
      const std::size_t end = std::min(verb.find(' ', at), verb.size());
      words.push_back(verb.substr(at, end - at));
      at = end + 1;
    }
    words.emplace_back("--no-such-option");
    const Finished misused = testing::run_program(words);
    EXPECT_EQ(misused.exit, 2) << verb;
    EXPECT_THAT(misused.err, HasSubstr("see 'uncork " + verb + " --help'")) << verb;
  }
}

TEST(ZinoClient, a_maintenance_of_no_length_or_beyond_every_plan_is_refused_before_anybody_is_asked) {
  const auto add = [](const std::string& from, const std::string& to) {
    const Finished added =
        testing::run_program({"zino", "pm", "add", "--from", from, "--to", to, "--credentials", "/no/such", "sw-1"});
    EXPECT_EQ(added.exit, 2) << from << " " << to;
    return added.err;
  };
  EXPECT_THAT(add("2099-12-24T18:00Z", "2099-12-24T18:00Z"), HasSubstr("just when it begins"));
  EXPECT_THAT(add("+2h", "+1h"), HasSubstr("before it begins"));
  EXPECT_THAT(add("+1h", "3026-12-24T18:00Z"), HasSubstr("'3026-12-24T18:00Z' is more than 100 years ahead"));
  EXPECT_THAT(add("+1h", "12026-12-24T18:00Z"), HasSubstr("is more than 100 years ahead"));
  EXPECT_THAT(add("+1h", "tomorrow"), HasSubstr("is not a time"));
  EXPECT_THAT(add("+1h", "+2h"), HasSubstr("/no/such"));
}

TEST(ZinoClient, an_ipv6_address_needs_no_brackets) {
  const Secrets secrets;
  const Finished listed =
      testing::run_program({"zino", "list", "--server", "::1", "--secrets", secrets.path(), "--user", "ford", "--timeout", "1s"});
  EXPECT_EQ(listed.exit, 3);
  EXPECT_THAT(listed.err, HasSubstr("[::1]:8001"));
}

TEST(ZinoClient, a_time_that_is_not_there_is_blank_and_times_and_durations_are_in_words) {
  const Secrets secrets;
  const auto answer = [](const std::string& question, const std::string& right) {
    if (question == "GETATTRS 1")
      return Said{.bytes = "303 a\r\nid: 1\r\nstate: open\r\nrouter: gw-1\r\nac-down: 493200\r\n.\r\n"};
    return Said{.bytes = right};
  };
  const FakeZino server(answer, false);
  const Finished listed = testing::run_program(with_login({"list"}, server, secrets, 20s));
  EXPECT_THAT(listed.out, ::testing::ContainsRegex("\n +1  open +gw-1"));
  EXPECT_THAT(listed.out, HasSubstr("2 cases, sorted by state"));
  const Finished shown = testing::run_program(with_login({"show", "1"}, server, secrets, 20s));
  EXPECT_THAT(shown.out, ::testing::ContainsRegex("ac-down +5d 17h\n"));
  EXPECT_THAT(shown.out, ::testing::ContainsRegex("2025-11-22 [0-9:]+ [A-Z+-]"));
}

}  // namespace
}  // namespace uncork::cli
