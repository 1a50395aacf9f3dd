// Server reflection, and the descriptors that it shows.

#include "rpc/reflection_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string asked(char field, const std::string& text) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(text.size())} + text;
}

TEST(Descriptors, are_of_all_services_and_of_what_they_need) {
  const Descriptors& all = Descriptors::built_in();
  EXPECT_THAT(all.services(), ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                          "grpc.reflection.v1alpha.ServerReflection", "xtcp_config.v1.ConfigService",
                                          "xtcp_flat_record.v1.XTCPFlatRecordService"));
  for (const char* file : {"xtcp_config.proto", "xtcp_flat_record.proto", "google/protobuf/duration.proto"})
    EXPECT_FALSE(all.file(file).empty()) << file;
  EXPECT_EQ(all.file_with("xtcp_config.v1.ConfigService.Get"), all.file("xtcp_config.proto"));
  EXPECT_EQ(all.file_with("xtcp_flat_record.v1.XtcpFlatRecord.RowKind"), all.file("xtcp_flat_record.proto"));
  EXPECT_TRUE(all.file("x").empty());
  EXPECT_TRUE(all.file_with("xtcp_config.v1").empty());
}

TEST(Descriptors, of_what_is_no_set_are_none) {
  EXPECT_TRUE(Descriptors("\x0a\xff").services().empty());
  EXPECT_TRUE(Descriptors("").services().empty());
}

TEST(Reflect, answers_each_request_or_says_what_is_not_there) {
  const Descriptors& all = Descriptors::built_in();
  EXPECT_THAT(reflect(asked(7, "*"), all).value(), HasSubstr("grpc.health.v1.Health"));
  EXPECT_THAT(reflect(asked(3, "x"), all).value(), HasSubstr("'x' is not there"));
  EXPECT_THAT(reflect(asked(4, "x"), all).value(), HasSubstr("'x' is not there"));
  EXPECT_THAT(reflect(asked(5, "x"), all).value(), HasSubstr("no extensions"));
  EXPECT_THAT(reflect("", all).value(), HasSubstr("nothing is asked"));
  const auto broken = reflect("\x3a\x7f", all);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace uncork::rpc
