#include "probe/enrich/container_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::probe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kId = "3f1c0a77b2d95a0e8d1c4b7f0123456789abcdef3f1c0a77b2d95a0e8d1c4b7f";
const std::string kOther = "0" + kId.substr(1);

class KubeletLogs : public ::testing::Test {
 protected:
  void link(const std::string& name) const { std::ofstream(scratch_.path() + "/" + name).put('\n'); }
  cure::testing::ScratchDirectory scratch_;
};

TEST(KubeletLog, names_namespace_pod_and_container) {
  const auto found = container_of_log("web-7d4b9-x2x_default_nginx-" + kId + ".log");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (ContainerName{kId, "default/web-7d4b9-x2x/nginx", ""}));
  EXPECT_EQ(container_of_log("a.b_kube-system_c-1-2-" + kId + ".log")->name, "kube-system/a.b/c-1-2");
}

TEST(KubeletLog, of_another_name_is_none) {
  const std::string tail = "-" + kId + ".log";
  for (const std::string& name :
       {std::string(), std::string(".log"), tail, "web_default_nginx" + kId + ".log", "web_default_nginx-" + kId,
        "web_default" + tail, "_default_nginx" + tail, "web__nginx" + tail, "web_default_" + tail, "WEB_default_nginx" + tail,
        "web_default_ng_inx" + tail, "web_default_n\x1b[2J" + tail, "web_default_nginx-" + kId.substr(1) + ".log",
        "web_default_nginx-Z" + kId.substr(1) + ".log"})
    EXPECT_FALSE(container_of_log(name).has_value()) << name;
}

TEST_F(KubeletLogs, are_read_by_their_names_alone) {
  link("web_default_nginx-" + kId + ".log");
  link("db_prod_postgres-" + kOther + ".log");
  link("something.log");
  EXPECT_THAT(read_kubelet_logs(scratch_.path()),
              ElementsAre(ContainerName{kOther, "prod/db/postgres", ""}, ContainerName{kId, "default/web/nginx", ""}));
  EXPECT_THAT(read_kubelet_logs("/nowhere/containers"), IsEmpty());
}

TEST_F(KubeletLogs, name_a_container_and_whatever_has_no_name_goes_by_its_digits) {
  link("web_default_nginx-" + kId + ".log");
  ContainerNamer namer({.docker_socket = "", .kubelet_logs = scratch_.path()});
  EXPECT_EQ(namer.name_of(kId), "default/web/nginx");
  EXPECT_EQ(namer.name_of(kOther), kOther.substr(0, 12));
  EXPECT_EQ(namer.name_of(""), "");
  EXPECT_EQ(namer.name_of("lxc-web"), "lxc-web");
}

TEST_F(KubeletLogs, stand_in_where_docker_does_not_answer) {
  link("web_default_nginx-" + kId + ".log");
  std::string why;
  const auto names = container_names({.docker_socket = "/nowhere.sock", .kubelet_logs = scratch_.path()},
                                     core::MonotonicClock::now() + std::chrono::seconds(1), &why);
  EXPECT_EQ(names.size(), 1U);
  EXPECT_THAT(why, ::testing::HasSubstr("/nowhere.sock"));
}

}  // namespace
}  // namespace uncork::probe
