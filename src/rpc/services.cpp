#include "rpc/services.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace uncork::rpc {

Method find_method(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, Method>, 12> kMethods = {{
      {"/xtcp_flat_record.v1.XTCPFlatRecordService/FlatRecords", flat_records},
      {"/xtcp_flat_record.v1.XTCPFlatRecordService/PollFlatRecords", poll_flat_records},
      {"/xtcp_config.v1.ConfigService/Get", get_config},
      {"/xtcp_config.v1.ConfigService/Set", set_config},
      {"/xtcp_config.v1.ConfigService/SetPollFrequency", set_poll_frequency},
      {"/xtcp_config.v1.ConfigService/TriggerPoll", trigger_poll},
      {"/xtcp_config.v1.ConfigService/TriggerPollBurst", trigger_poll_burst},
      {"/xtcp_config.v1.ConfigService/SetS3Upload", set_s3_upload},
      {"/grpc.health.v1.Health/Check", check_health},
      {"/grpc.health.v1.Health/Watch", watch_health},
      {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reflect_services},
      {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", reflect_services},
  }};
  const auto* const found = std::ranges::find(kMethods, path, &std::pair<std::string_view, Method>::first);
  return found == kMethods.end() ? nullptr : found->second;
}

}  // namespace uncork::rpc
