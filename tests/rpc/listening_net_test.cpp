// Where gRPC is served, and what that asks for; with Unix sockets that are there.

#include "rpc/listening.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::rpc {
namespace {

using ::testing::HasSubstr;

TEST(Listening, is_at_one_address_or_at_several) {
  EXPECT_TRUE(parse_addresses("")->empty());
  EXPECT_TRUE(parse_addresses("none")->empty());
  const auto both = parse_addresses("unix:/run/x.sock,127.0.0.1:8889");
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ(to_string((*both)[0]), "unix:/run/x.sock");
  EXPECT_EQ(to_string((*both)[1]), "127.0.0.1:8889");
  for (const char* text : {"unix:x", "unix:", "tcp:1", "127.0.0.1:8889,", ",", "1.2.3.4:99999"}) {
    const auto wrong = parse_addresses(text);
    ASSERT_FALSE(wrong) << text;
    EXPECT_THAT(wrong.error().message, HasSubstr("grpc '")) << text;
  }
  EXPECT_FALSE(parse_addresses("unix:/" + std::string(200, 'x')));
}

TEST(Listening, beyond_this_machine_wants_tls_and_to_know_its_clients) {
  const auto wide = parse_addresses("127.0.0.1:1,0.0.0.0:1");
  const auto near = parse_addresses("127.0.0.1:1,[::1]:1,unix:/x");
  EXPECT_TRUE(check_security(*near, {}));
  EXPECT_FALSE(check_security(*wide, {}));
  EXPECT_FALSE(check_security(*wide, {.token = "t", .certificate = "", .key = "", .client_ca = ""}));
  EXPECT_FALSE(check_security(*wide, {.token = "", .certificate = "c", .key = "k", .client_ca = ""}));
  EXPECT_TRUE(check_security(*wide, {.token = "t", .certificate = "c", .key = "k", .client_ca = ""}));
  EXPECT_TRUE(check_security(*wide, {.token = "", .certificate = "c", .key = "k", .client_ca = "a"}));
  EXPECT_FALSE(check_security(*near, {.token = "", .certificate = "c", .key = "", .client_ca = ""}));
  EXPECT_FALSE(check_security(*near, {.token = "t", .certificate = "", .key = "", .client_ca = "a"}));
}

class LocalSockets : public ::testing::Test {
 protected:
  cure::testing::ScratchDirectory folder_;
  std::string path_ = std::filesystem::path(folder_.path()) / "grpc.sock";
};

TEST_F(LocalSockets, are_for_their_owner_and_group_and_leave_no_file) {
  {
    auto socket = LocalSocket::bind(path_);
    ASSERT_TRUE(socket) << socket.error().message;
    struct stat found{};
    ASSERT_EQ(::lstat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0660U);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalSockets, take_the_place_of_one_at_which_nobody_answers_and_of_nothing_else) {
  auto first = LocalSocket::bind(path_);
  ASSERT_TRUE(first);
  const core::Fd served(first->release());
  ASSERT_EQ(::listen(served.get(), 1), 0);
  auto second = LocalSocket::bind(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("somebody answers there already"));
}

TEST_F(LocalSockets, replace_a_stale_one_whose_end_does_not_remove_the_new) {
  std::optional<LocalSocket> first;
  first.emplace(*LocalSocket::bind(path_));
  {
    const core::Fd closed(first->release());
  }
  auto second = LocalSocket::bind(path_);
  ASSERT_TRUE(second) << second.error().message;
  std::filesystem::rename(path_, path_ + ".new");  // so that the inode's number is not given to another
  std::filesystem::copy_symlink("/proc/self/exe", path_);
  first.reset();
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(LocalSockets, do_not_replace_a_file) {
  std::ofstream(path_) << "precious";
  const auto socket = LocalSocket::bind(path_);
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, HasSubstr("no socket"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(LocalSockets, tokens_are_one_word_of_some_length) {
  const auto read = [&](const std::string& text) {
    std::ofstream(path_) << text;
    return read_token(path_);
  };
  EXPECT_EQ(read(" 0123456789abcdef\n").value_or(""), "0123456789abcdef");
  for (const char* text : {"", "short", "0123456789 abcdef", "0123456789abcde\x7f"}) EXPECT_FALSE(read(text)) << text;
  EXPECT_FALSE(read_token(path_ + ".none"));
}

}  // namespace
}  // namespace uncork::rpc
