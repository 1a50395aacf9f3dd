// Paths as they were seen in /proc/PID/cgroup under the runtimes that are named.

#include "probe/enrich/container_id.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace uncork::probe {
namespace {

const std::string kId = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605";
const std::string kPod = "2d3da189-6407-48e3-9ab6-78188d75e609";
const std::string kPodUnderscores = "2d3da189_6407_48e3_9ab6_78188d75e609";

struct Case {
  const char* what;
  std::string path;
  Container expected;
};

TEST(ContainerId, is_read_from_the_paths_of_the_known_runtimes) {
  const Case cases[] = {
      {"docker, systemd driver", "/system.slice/docker-" + kId + ".scope", {kId, "docker", ""}},
      {"docker, cgroupfs driver", "/docker/" + kId, {kId, "docker", ""}},
      {"docker, a cgroup of the container's own", "/system.slice/docker-" + kId + ".scope/init.scope", {kId, "docker", ""}},
      {"docker, cgroup parent", "/mygroup.slice/docker-" + kId + ".scope", {kId, "docker", ""}},
      {"ecs", "/ecs/0f9a1b2c3d4e5f60718293a4b5c6d7e8/" + kId, {kId, "docker", ""}},
      {"kubelet with containerd, systemd driver",
       "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kPodUnderscores + ".slice/cri-containerd-" + kId +
           ".scope",
       {kId, "containerd", kPod}},
      {"kubelet, guaranteed pod",
       "/kubepods.slice/kubepods-pod" + kPodUnderscores + ".slice/cri-containerd-" + kId + ".scope",
       {kId, "containerd", kPod}},
      {"kubelet, cgroupfs driver", "/kubepods/besteffort/pod" + kPod + "/" + kId, {kId, "kubernetes", kPod}},
      {"kubelet with docker",
       "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + kPodUnderscores + ".slice/docker-" + kId + ".scope",
       {kId, "docker", kPod}},
      {"kubelet with cri-o",
       "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + kPodUnderscores + ".slice/crio-" + kId + ".scope",
       {kId, "cri-o", kPod}},
      {"containerd, colons where the systemd driver is set up half",
       "/system.slice/containerd.service/kubepods-burstable-pod" + kPodUnderscores + ".slice:cri-containerd:" + kId,
       {kId, "containerd", ""}},
      {"kind: a kubelet inside docker",
       "/docker/" + std::string(64, 'a') + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + kPodUnderscores +
           ".slice/cri-containerd-" + kId + ".scope",
       {kId, "containerd", kPod}},
      {"nerdctl", "/system.slice/nerdctl-" + kId + ".scope", {kId, "containerd", ""}},
      {"podman", "/machine.slice/libpod-" + kId + ".scope", {kId, "podman", ""}},
      {"podman, the container's own cgroup", "/machine.slice/libpod-" + kId + ".scope/container", {kId, "podman", ""}},
      {"podman without root",
       "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope/container",
       {kId, "podman", ""}},
      {"podman, cgroupfs driver", "/libpod_parent/libpod-" + kId, {kId, "podman", ""}},
      {"systemd-nspawn", "/machine.slice/systemd-nspawn@debian\\x2dtree.service/payload", {"debian-tree", "systemd-nspawn", ""}},
      {"systemd-nspawn, registered", "/machine.slice/machine-web.scope", {"web", "systemd-nspawn", ""}},
      {"lxc 4", "/lxc.payload.web1", {"web1", "lxc", ""}},
      {"lxc 4, inside", "/lxc.payload.web1/system.slice/nginx.service", {"web1", "lxc", ""}},
      {"lxc 3", "/lxc/web1", {"web1", "lxc", ""}},
      {"some parent", "/actions_job/" + kId, {kId, "", ""}},
  };
  for (const Case& c : cases) {
    const Container found = container_of(c.path);
    EXPECT_EQ(found.id, c.expected.id) << c.what;
    EXPECT_EQ(found.runtime, c.expected.runtime) << c.what;
    EXPECT_EQ(found.pod_uid, c.expected.pod_uid) << c.what;
  }
}

TEST(ContainerId, is_not_seen_where_there_is_none) {
  const std::vector<std::string> paths = {
      std::string(),
      std::string("/"),
      std::string("/system.slice/docker.service"),
      std::string("/user.slice/user-1000.slice/session-3.scope"),
      "/machine.slice/libpod-conmon-" + kId + ".scope",
      "/kubepods.slice/kubepods-pod" + kPodUnderscores + ".slice/crio-conmon-" + kId + ".scope",
      std::string("/lxc.monitor.web1"),
      std::string("/lxc"),
      std::string("/docker"),
      "/docker/" + kId.substr(1),
      std::string("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
      "/system.slice/docker-" + kId.substr(0, 63) + "g.scope"};
  for (const std::string& path : paths) {
    EXPECT_EQ(container_of(path), Container{}) << path;
  }
}

TEST(ContainerId, is_read_from_proc_pid_cgroup) {
  EXPECT_EQ(container_in_cgroup("0::/system.slice/docker-" + kId + ".scope\n"), (Container{kId, "docker", ""}));
  EXPECT_EQ(container_in_cgroup("0::/user.slice/session-3.scope\n"), Container{});
  const std::string v1 = "12:pids:/docker/" + kId + "\n3:cpu,cpuacct:/docker/" + kId + "\n0::/\n";
  EXPECT_EQ(container_in_cgroup(v1), (Container{kId, "docker", ""}));
  EXPECT_EQ(container_in_cgroup("2:name=systemd:/\n1:memory:/lxc/web1"), (Container{"web1", "lxc", ""}));
  // Seen from another cgroup namespace.
  EXPECT_EQ(container_in_cgroup("0::/../../machine.slice/libpod-" + kId + ".scope/container\n"), (Container{kId, "podman", ""}));
  for (const char* odd : {"", "\n", ":", "::", "0:\n:\n", "0::"}) EXPECT_EQ(container_in_cgroup(odd), Container{}) << odd;
}

TEST(ContainerId, takes_any_bytes) {
  const std::string odd = std::string("//\\x\xff") + std::string(1, '\0') + "/docker-/systemd-nspawn@\\x2.service/\\x";
  EXPECT_EQ(container_of(odd).id, "\\x2");
  EXPECT_EQ(container_of(std::string(100'000, '/')), Container{});
}

}  // namespace
}  // namespace uncork::probe
