#include "zino/client/maintenance_reply.hpp"

#include <gtest/gtest.h>

namespace uncork::zino {
namespace {

TEST(MaintenanceOf, reads_each_form) {
  EXPECT_EQ(maintenance_of("1 1764547200 1764554400 device exact example-gw"),
            (Maintenance{1, 1764547200, 1764554400, "device", "exact", "", "example-gw"}));
  EXPECT_EQ(maintenance_of("2 1764547200 1764554400 portstate intf-regexp example-gw ge-.*"),
            (Maintenance{2, 1764547200, 1764554400, "portstate", "intf-regexp", "example-gw", "ge-.*"}));
  EXPECT_EQ(maintenance_of("3 1 2 portstate regexp dark fibre .*")->expression, "dark fibre .*");
}

TEST(MaintenanceOf, what_is_of_another_form_is_none) {
  for (const char* bad : {"", "1", "x 1 2 device exact y", "1 x 2 device exact y", "1 2 x device exact y", "1 2 3 device exact",
                          "1 2 3 device exact ", "1 2 3 portstate intf-regexp gw", "99999999999999999999 1 2 device exact y",
                          "1  2 3 device exact y"}) {
    EXPECT_EQ(maintenance_of(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace uncork::zino
