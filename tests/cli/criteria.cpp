#include "tests/cli/criteria.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/cli/program.hpp"

namespace uncork::cli::testing {

using Json = nlohmann::json;

bool passed(const Json& criterion) { return criterion.at("passed").get<bool>(); }

bool within_factor(const Json& criterion, double factor) {
  if (!criterion.at("measured").is_number()) return false;
  const double measured = criterion.at("measured").get<double>();
  return measured >= 1 / factor && measured <= factor;
}

Trial try_scenario(const std::vector<std::string>& arguments, int tries, const Judge& judge) {
  Trial trial;
  std::map<std::string, Json> unmet;
  for (int run = 0; run < tries && (run == 0 || !unmet.empty()); ++run) {
    const Finished finished = run_program(arguments);
    if (finished.exit != 0 && finished.exit != 1) throw std::runtime_error(finished.err);
    const Json& document = trial.documents.emplace_back(Json::parse(finished.out));
    EXPECT_EQ(document.at("passed").get<bool>(), finished.exit == 0);
    for (const Json& criterion : document.at("criteria")) {
      const std::string name = criterion.at("name");
      if (judge(criterion)) {
        unmet.erase(name);
      } else if (run == 0 || unmet.contains(name)) {
        unmet[name] = criterion;
      }
    }
  }
  for (const auto& [name, criterion] : unmet) trial.unmet += criterion.dump() + "\n";
  return trial;
}

}  // namespace uncork::cli::testing
