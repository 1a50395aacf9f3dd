#include "web/page/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/endpoint.hpp"
#include "core/when.hpp"
#include "report/printable.hpp"
#include "web/page/service_filter.hpp"

namespace uncork::web {
namespace {

constexpr std::array<std::string_view, 4> kLines = {"service", "peer", "container", "process"};

core::Error wrong(std::string_view name, const std::string& value, std::string_view wanted) {
  constexpr std::size_t kShown = 40;
  return core::invalid_argument(fmt::format("{} '{}': {}", name, report::printable(value.substr(0, kShown)), wanted));
}

/// Reads `{"name":"text",...}` and nothing else, without building what it does not want.
class WishReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  core::Status failure{};
  Params params;

  // The names are the library's.
  bool null() override { return refuse(); }
  bool boolean(bool /*value*/) override { return refuse(); }
  bool number_integer(number_integer_t /*value*/) override { return refuse(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return refuse(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return refuse(); }
  bool binary(binary_t& /*value*/) override { return refuse(); }
  bool start_array(std::size_t /*size*/) override { return refuse(); }
  bool end_array() override { return refuse(); }
  bool end_object() override { return true; }
  bool start_object(std::size_t /*size*/) override { return std::exchange(is_inside_, true) ? refuse() : true; }
  bool key(string_t& value) override {
    name_ = value;
    return true;
  }
  bool string(string_t& value) override {
    if (!is_inside_) return refuse();
    if (value.contains('\0')) return fail(core::invalid_argument("a text has no zero byte"));
    auto added = params.add(name_, value);
    return added ? true : fail(added.error());
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::detail::exception& /*why*/) override {
    return fail(core::invalid_argument(fmt::format("byte {}: this is no JSON", position)));
  }

 private:
  bool refuse() { return fail(core::invalid_argument("an object of texts is wanted")); }
  bool fail(core::Error error) {
    failure = core::fail(std::move(error));
    return false;
  }
  bool is_inside_ = false;
  std::string name_;
};

}  // namespace

std::string_view name(Lines lines) { return kLines.at(static_cast<std::size_t>(lines)); }

core::Result<sink::Span> View::span(std::int64_t now_ns) const {
  const auto to = core::parse_when("until", until, now_ns);
  if (!to) return core::fail(to.error());
  const auto from = core::parse_when("since", since, now_ns);
  if (!from) return core::fail(from.error());
  if (*from < 0) return core::fail(core::invalid_argument("since: a time after 1970 is wanted"));
  if (*from >= *to) return core::fail(core::invalid_argument("since: it must be before until"));
  return sink::Span{*from, *to};
}

core::Result<View> view_of(const Params& params, std::int64_t now_ns) {
  View view;
  if (const auto* since = params.find("since")) view.since = *since;
  if (const auto* until = params.find("until")) view.until = *until;
  if (const auto* filter = params.find("filter")) view.filter = *filter;
  if (const auto* by = params.find("by")) {
    const auto found = std::ranges::find(kLines, *by);
    if (found == kLines.end()) return core::fail(wrong("by", *by, "one of service, peer, container, process"));
    view.by = static_cast<Lines>(found - kLines.begin());
  }
  if (const auto span = view.span(now_ns); !span) return core::fail(span.error());
  if (const auto filter = ServiceFilter::compile(view.filter); !filter) return core::fail(filter.error());
  return view;
}

core::Result<sink::ServicesLike> services_like(const Params& params) {
  sink::ServicesLike like;
  if (const auto* service = params.find("service")) like.command = *service;
  if (const auto* role = params.find("role")) {
    if (*role != "server" && *role != "client" && *role != "?")
      return core::fail(wrong("role", *role, "one of server, client, ?"));
    like.role = sink::role_named(*role);
  }
  if (const auto* port = params.find("port")) {
    const auto number = core::parse_port("port", *port, true);
    if (!number) return core::fail(number.error());
    like.port = *number;
  }
  if (const auto* netns = params.find("netns")) like.netns = *netns;
  if (const auto* container = params.find("container")) like.container = *container;
  if (!like.command && !like.container)
    return core::fail(
        core::invalid_argument("service: the name of a program is wanted, such as service=nginx&role=server&port=80"));
  return like;
}

core::Result<Params> parse_wish(std::string_view text) {
  if (text.size() > kLongestWish) return core::fail(core::invalid_argument("at most 8,192 bytes"));
  WishReader reader;
  if (!nlohmann::json::sax_parse(text, &reader)) {
    if (!reader.failure) return core::fail(reader.failure.error());
    return core::fail(core::invalid_argument("this is no JSON"));
  }
  return std::move(reader.params);
}

}  // namespace uncork::web
