#include "uncork/stream/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace uncork::stream {
namespace {

TEST(StreamError, has_a_sentence_of_its_own_for_every_reason) {
  std::set<std::string> sentences;
  for (int code = static_cast<int>(errc::peer_silent); code <= static_cast<int>(errc::frame_cut_short); ++code) {
    sentences.insert(make_error_code(static_cast<errc>(code)).message());
  }
  EXPECT_EQ(sentences.size(), static_cast<std::size_t>(errc::frame_cut_short));
  EXPECT_FALSE(sentences.contains(category().message(0)));
}

TEST(StreamError, compares_as_error_codes_do) {
  const boost::system::error_code error = errc::no_progress;
  EXPECT_EQ(error, errc::no_progress);
  EXPECT_NE(error, errc::peer_silent);
  EXPECT_TRUE(error.failed());
  EXPECT_STREQ(error.category().name(), "uncork.stream");
}

}  // namespace
}  // namespace uncork::stream
