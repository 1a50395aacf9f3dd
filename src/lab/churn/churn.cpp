#include "lab/churn/churn.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "lab/sockets/world.hpp"

namespace uncork::lab {
namespace {

constexpr unsigned kFleetingSockets = 7;  // a listener of each family and two connections
constexpr unsigned kLastingShare = 4;
constexpr unsigned kLastingLeast = 2;
constexpr std::uint64_t kOwnDescriptors = 256;

enum class Deletion : std::uint8_t { sockets_first, name_first, sockets_later };
constexpr std::uint64_t kDeletions = 3;

/// What comes and goes.
class Churner {
 public:
  Churner(World& world, unsigned sockets, std::vector<PopulatedSpace> spaces)
      : world_(world),
        sockets_(sockets),
        spaces_(std::make_move_iterator(spaces.begin()), std::make_move_iterator(spaces.end())) {}

  core::Status step() {
    if (lingering_) {
      lingering_->close_all(world_.truth());
      lingering_.reset();
    }
    PopulatedSpace space = std::move(spaces_.front());
    spaces_.pop_front();
    const std::string name = space.name();
    remove(std::move(space));
    auto made = world_.make(Lasting::no, sockets_, deleted_ % 2 == 0 ? std::optional(name) : std::nullopt);
    if (!made) return core::fail(made.error());
    spaces_.push_back(std::move(*made));
    return {};
  }

  [[nodiscard]] std::uint64_t deleted() const { return deleted_; }

 private:
  void remove(PopulatedSpace space) {
    space.close_later(world_.truth());
    switch (static_cast<Deletion>(deleted_++ % kDeletions)) {
      case Deletion::sockets_first:
        space.close_all(world_.truth());
        space.unmount();
        break;
      case Deletion::name_first:
        space.unmount();
        space.close_all(world_.truth());
        break;
      case Deletion::sockets_later:
        space.unmount();
        lingering_.emplace(std::move(space));
        break;
    }
  }

  World& world_;
  unsigned sockets_;
  std::deque<PopulatedSpace> spaces_;  // the oldest first
  std::optional<PopulatedSpace> lingering_;
  std::uint64_t deleted_ = 0;
};

std::uint64_t descriptors_needed(const ChurnOptions& options, unsigned lasting, unsigned fleeting) {
  // One more for each namespace.
  return kOwnDescriptors + std::uint64_t{lasting} * (options.sockets + 1) +
         std::uint64_t{options.namespaces + 1} * (fleeting + 1);
}

}  // namespace

unsigned lasting_spaces(const ChurnOptions& options) { return std::max(options.namespaces / kLastingShare, kLastingLeast); }

core::Result<ChurnResult> run_churn(const ChurnOptions& options, const SoakObserver& observer,
                                    const std::vector<std::string>& command) {
  ChurnResult result;
  result.options = options;
  result.lasting = lasting_spaces(options);
  const unsigned fleeting = std::min(options.sockets, kFleetingSockets);
  auto world = World::open();
  if (!world) return core::fail(world.error());
  const auto open_files = raise_open_files(descriptors_needed(options, result.lasting, fleeting));
  if (!open_files) return core::fail(open_files.error());

  const std::size_t all = result.lasting + options.namespaces;
  const auto lasting = (*world)->make_many(result.lasting, Lasting::yes, options.sockets,
                                           [&](std::size_t made) { return observer.on_made(made, all); });
  if (!lasting) return core::fail(lasting.error());
  auto first = (*world)->make_many(options.namespaces, Lasting::no, fleeting,
                                   [&](std::size_t made) { return observer.on_made(result.lasting + made, all); });
  if (!first) return core::fail(first.error());
  Churner churner(**world, fleeting, std::move(*first));
  const SoakOptions soak = {
      .poll = options.poll, .every = options.every, .duration = options.duration, .open_files = *open_files, .command = command};
  auto figures = run_soak(soak, (*world)->truth(), [&] { return churner.step(); }, observer.on_progress);
  if (!figures) return core::fail(figures.error());
  result.figures = std::move(*figures);
  result.deleted = churner.deleted();
  result.criteria = judge_churn(result);
  return result;
}

}  // namespace uncork::lab
