#pragma once
// Names of the containers of Kubernetes pods, as the kubelet names their logs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/enrich/docker_names.hpp"

namespace uncork::probe {

/// Where a kubelet links the log of every container of its node, whatever the runtime (kubelet, kuberuntime/legacy.go):
/// `web-7d4b9_default_nginx-<64 digits>.log`. Reading names there asks no daemon.
inline constexpr const char* kKubeletLogs = "/var/log/containers";

/// The container that a log of that name is of, called `namespace/pod/container`: `default/web-7d4b9/nginx`. Its image is not
/// told. Sans-I/O; any bytes; nullopt for any other name.
[[nodiscard]] std::optional<ContainerName> container_of_log(std::string_view file);

/// Of every log in `directory`, in order of ids; the newest of several logs cannot be told and need not be. Empty where there is
/// no kubelet.
[[nodiscard]] std::vector<ContainerName> read_kubelet_logs(const std::string& directory = kKubeletLogs);

}  // namespace uncork::probe
