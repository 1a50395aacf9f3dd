#include "lab/sockets/named_namespace.hpp"

#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

/// RTM_NEWNSID (rtnetlink(7)): `number` -1 lets the kernel choose, as `ip netns set NAME auto` does.
struct NumberRequest {
  nlmsghdr header;
  rtgenmsg family;
  std::array<char, 3> padding;
  nlattr number_attribute;
  std::int32_t number;
  nlattr descriptor_attribute;
  std::uint32_t descriptor;
};
static_assert(sizeof(NumberRequest) == 36);

core::Status give_number(const core::Fd& space) {
  const std::string attempt = "give a network namespace a number";
  const core::Fd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!route) return core::fail(core::system_error(attempt, errno));
  NumberRequest request{};
  request.header = {sizeof request, RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.family.rtgen_family = AF_UNSPEC;
  request.number_attribute = {sizeof(nlattr) + sizeof(std::int32_t), NETNSA_NSID};
  request.number = -1;
  request.descriptor_attribute = {sizeof(nlattr) + sizeof(std::uint32_t), NETNSA_FD};
  request.descriptor = static_cast<std::uint32_t>(space.get());
  if (::send(route.get(), &request, sizeof request, 0) < 0) return core::fail(core::system_error(attempt, errno));
  struct {
    nlmsghdr header;
    nlmsgerr error;
  } answer{};
  const ssize_t got = ::recv(route.get(), &answer, sizeof answer, MSG_DONTWAIT);  // rtnetlink answers inside send
  if (got < 0) return core::fail(core::system_error(attempt, errno));
  if (static_cast<std::size_t>(got) < sizeof answer || answer.header.nlmsg_type != NLMSG_ERROR) {
    return core::fail(core::Error{core::ErrorCode::internal, 0, attempt + ": no answer"});
  }
  if (answer.error.error != 0) return core::fail(core::system_error(attempt, -answer.error.error));
  return {};
}

core::Status mount_at(const std::string& path, const core::Fd& space) {
  // O_EXCL: a name that somebody else has made stays his.
  const auto file = core::open_file(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (!file) {
    if (file.error().system_errno != EEXIST) return core::fail(file.error());
    return core::fail(core::Error{core::ErrorCode::invalid_argument, EEXIST, "make " + path + ": there is one of that name"});
  }
  const std::string from = "/proc/self/fd/" + std::to_string(space.get());
  const auto mounted =
      core::checked("mount " + path, [&] { return ::mount(from.c_str(), path.c_str(), nullptr, MS_BIND, nullptr); });
  if (mounted) return {};
  remove_name(path);
  return core::fail(mounted.error());
}

}  // namespace

core::Result<NamedNamespace> NamedNamespace::make(const std::string& folder, const std::string& name, Numbered numbered,
                                                  Janitor& janitor) {
  auto space = link::Namespace::make();
  if (!space) return core::fail(space.error());
  const auto inode = space->inode();
  if (!inode) return core::fail(inode.error());
  if (numbered == Numbered::yes) {
    if (auto given = give_number(space->handle()); !given) return core::fail(given.error());
  }
  const std::string path = folder + "/" + name;
  if (auto mounted = mount_at(path, space->handle()); !mounted) return core::fail(mounted.error());
  NamedNamespace made(janitor, path, name, *inode, std::move(*space));
  if (auto noted = janitor.note_made(path); !noted) return core::fail(noted.error());
  return made;
}

void NamedNamespace::unmount() {
  space_.reset();
  if (path_.empty()) return;
  remove_name(path_);
  (void)janitor_->note_removed(path_).has_value();  // at worst it removes what is not there
  path_.clear();
}

core::Status make_names_folder(const std::string& folder) {
  const auto made = core::checked("make the folder " + folder, [&] { return ::mkdir(folder.c_str(), 0755); });
  if (!made && made.error().system_errno != EEXIST) return core::fail(made.error());
  return {};
}

}  // namespace uncork::lab
