#include "lab/stress/stress.hpp"

#include <utility>

#include "lab/sockets/world.hpp"

namespace uncork::lab {
namespace {

constexpr std::uint64_t kOwnDescriptors = 256;

/// What changes, a namespace a step.
class Exchange {
 public:
  Exchange(GroundTruth& truth, std::vector<PopulatedSpace>& spaces) : truth_(truth), spaces_(spaces) {}

  core::Status step() {
    PopulatedSpace& space = spaces_[steps_ % spaces_.size()];
    const std::uint64_t round = steps_++ / spaces_.size();
    const auto ending = round % 2 == 0 ? Ending::in_order : Ending::aborted;
    const auto family = static_cast<Family>(round % kFamilies);
    space.close_oldest(ending, truth_);
    if (auto opened = space.connect(family, truth_); !opened) return opened;
    // This one no look sees while it stands, but by chance.
    if (auto opened = space.connect(family, truth_); !opened) return opened;
    space.close_newest(round % 4 < 2 ? Ending::in_order : Ending::aborted, truth_);
    return {};
  }

 private:
  GroundTruth& truth_;
  std::vector<PopulatedSpace>& spaces_;
  std::uint64_t steps_ = 0;
};

}  // namespace

core::Result<StressResult> run_stress(const StressOptions& options, const SoakObserver& observer,
                                      const std::vector<std::string>& command) {
  StressResult result;
  result.options = options;
  auto world = World::open();
  if (!world) return core::fail(world.error());
  const auto open_files = raise_open_files(kOwnDescriptors + std::uint64_t{options.namespaces} * (options.sockets + 1));
  if (!open_files) return core::fail(open_files.error());
  auto spaces = (*world)->make_many(options.namespaces, Lasting::yes, options.sockets,
                                    [&](std::size_t made) { return observer.on_made(made, options.namespaces); });
  if (!spaces) return core::fail(spaces.error());
  Exchange exchange((*world)->truth(), *spaces);
  const SoakOptions soak = {
      .poll = options.poll, .every = options.every, .duration = options.duration, .open_files = *open_files, .command = command};
  auto figures = run_soak(soak, (*world)->truth(), [&] { return exchange.step(); }, observer.on_progress);
  if (!figures) return core::fail(figures.error());
  result.figures = std::move(*figures);
  result.criteria = judge_stress(result);
  return result;
}

}  // namespace uncork::lab
