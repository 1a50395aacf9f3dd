#include "probe/enrich/find_container.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace uncork::probe {
namespace {

using ::testing::HasSubstr;

const std::string kWeb = "3f1c0a77b2d9e8d1" + std::string(48, 'a');
const std::string kOther = "3f1c0a77b2d9e8d2" + std::string(48, 'b');
const std::vector<std::string> kPaths = {"/system.slice", "/system.slice/docker-" + kWeb + ".scope/init",
                                         "/system.slice/docker-" + kWeb + ".scope", "/system.slice/docker-" + kOther + ".scope",
                                         "/machine.slice/systemd-nspawn@old.service"};
const std::vector<ContainerName> kNames = {{kWeb, "web", "nginx"}};

TEST(FindContainer, by_its_id_by_its_first_digits_and_by_its_name) {
  for (const std::string& asked : {kWeb, kWeb.substr(0, 16), std::string("web")})
    EXPECT_EQ(container_among(asked, kPaths, kNames).value(), "/system.slice/docker-" + kWeb + ".scope") << asked;
}

TEST(FindContainer, digits_of_several_are_refused_with_all_of_them) {
  const auto found = container_among("3f1c", kPaths, kNames);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, core::ErrorCode::invalid_argument);
  EXPECT_EQ(found.error().message, "container '3f1c' may be web (3f1c0a77b2d9), 3f1c0a77b2d9");
}

TEST(FindContainer, one_that_is_not_there_says_which_are) {
  const auto found = container_among("wbe\x1b[2J", kPaths, kNames);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, core::ErrorCode::not_found);
  EXPECT_THAT(found.error().message, HasSubstr("no container 'wbe?[2J'; there are web (3f1c0a77b2d9), "));
  EXPECT_THAT(container_among("web", {"/init.scope"}, {}).error().message, HasSubstr("none is running here"));
  EXPECT_FALSE(container_among("", kPaths, kNames).has_value());
  EXPECT_FALSE(container_among("3f1", kPaths, kNames).has_value()) << "too few digits";
}

}  // namespace
}  // namespace uncork::probe
