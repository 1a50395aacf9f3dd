#include "lab/sockets/world.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace uncork::lab {
namespace {

constexpr unsigned kTriesMost = 1000;

}  // namespace

core::Result<std::unique_ptr<World>> World::open(std::string folder) {
  if (::geteuid() != 0) {
    return core::fail(core::Error{core::ErrorCode::not_permitted, EPERM,
                                  "network namespaces cannot be made without root (CAP_SYS_ADMIN and CAP_NET_ADMIN); run it "
                                  "with sudo"});
  }
  if (auto made = make_names_folder(folder); !made) return core::fail(made.error());
  auto janitor = Janitor::start();
  if (!janitor) return core::fail(janitor.error());
  return std::unique_ptr<World>(new World(std::move(*janitor), std::move(folder)));
}

core::Result<PopulatedSpace> World::make(Lasting lasting, unsigned sockets, std::optional<std::string> name) {
  for (unsigned tries = 1;; ++tries) {
    const std::uint32_t number = next_++;
    const PopulatedSpace::Place place = {.folder = folder_,
                                         .name = name.value_or(fmt::format("uncork-{}-{}", ::getpid(), number)),
                                         .number = number,
                                         .numbered = number % 2 == 0 ? Numbered::yes : Numbered::no,
                                         .lasting = lasting};
    auto space = PopulatedSpace::make(place, sockets, janitor_, truth_);
    if (space) {
      ++made_;
      return space;
    }
    const bool is_taken = space.error().system_errno == EEXIST;
    if (!is_taken || tries == kTriesMost) return space;
    name.reset();
  }
}

core::Result<std::vector<PopulatedSpace>> World::make_many(unsigned number, Lasting lasting, unsigned sockets,
                                                           const std::function<bool(std::size_t)>& on_made) {
  std::vector<PopulatedSpace> spaces;
  while (spaces.size() < number) {
    auto space = make(lasting, sockets);
    if (!space) return core::fail(space.error());
    spaces.push_back(std::move(*space));
    if (!on_made(spaces.size())) {
      return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
    }
  }
  return spaces;
}

}  // namespace uncork::lab
