#include "tests/probe/ss_reference.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace uncork::probe::testing {
namespace {

/// The parts of `(r0,rb131072)`, of `304/12` or of `7,7`.
std::vector<std::string> parts_of(std::string_view text, std::string_view separators) {
  if (text.starts_with('(')) text.remove_prefix(1);
  if (text.ends_with(')')) text.remove_suffix(1);
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void put_parts(SsSocket& into, const std::string& name, const std::vector<std::string>& parts,
               std::initializer_list<const char*> names) {
  std::size_t at = 0;
  for (const char* part : names) {
    if (at < parts.size()) into[name + "." + part] = parts[at];
    ++at;
  }
}

/// `r0`, `rb131072`: the letters are the name.
void put_lettered(SsSocket& into, const std::string& name, std::string_view text) {
  for (const std::string& part : parts_of(text, ",")) {
    const std::size_t digits = part.find_first_of("0123456789-");
    into[name + "." + part.substr(0, digits)] = digits == std::string::npos ? "" : part.substr(digits);
  }
}

/// `bw:1bps`, `mrtt:0.01`.
void put_named(SsSocket& into, const std::string& name, std::string_view text) {
  for (const std::string& part : parts_of(text, ",")) {
    const std::size_t colon = part.find(':');
    into[name + "." + part.substr(0, colon)] = colon == std::string::npos ? "1" : part.substr(colon + 1);
  }
}

/// Milliseconds in `59sec`, `1min30sec`, `160ms`, and in `1.200ms`, which ss writes for 1.2 s.
std::string milliseconds(const std::string& text) {
  double ms = 0;
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const double number = static_cast<double>(std::strtoul(at, &end, 10));
    const std::string_view unit(end);
    if (end == at) throw std::runtime_error("ss: no time: " + text);
    const auto [factor, length] = unit.starts_with("min")   ? std::pair(60'000.0, 3)
                                  : unit.starts_with("sec") ? std::pair(1000.0, 3)
                                  : unit.starts_with(".")   ? std::pair(1000.0, 1)
                                                            : std::pair(1.0, 2);
    ms += number * factor;
    at = end + length;
  }
  return std::to_string(ms);
}

void put_named_value(SsSocket& into, const std::string& name, const std::string& value) {
  if (name == "skmem") {
    put_lettered(into, name, value);
  } else if (name == "timer") {
    const auto parts = parts_of(value, ",");
    put_parts(into, name, parts, {"name", "ms", "retrans"});
    if (into.contains("timer.ms")) into["timer.ms"] = milliseconds(into["timer.ms"]);
  } else if (name == "wscale") {
    put_parts(into, name, parts_of(value, ","), {"snd", "rcv"});
  } else if (name == "rtt") {
    put_parts(into, name, parts_of(value, "/"), {"mean", "var"});
  } else if (name == "retrans") {
    put_parts(into, name, parts_of(value, "/"), {"now", "total"});
  } else if (name == "bbr" || name == "dctcp") {
    put_named(into, name, value);
  } else {
    into[name] = value;
  }
}

bool is_arrow(std::string_view word) { return word.size() == 3 && word.find_first_not_of("<->") == std::string_view::npos; }

}  // namespace

SsSocket parse_ss(std::string_view line) {
  SsSocket socket;
  std::istringstream words{std::string(line)};
  words >> socket["state"] >> socket["recv_q"] >> socket["send_q"] >> socket["local"] >> socket["peer"];
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    if (colon != std::string::npos) {
      put_named_value(socket, word.substr(0, colon), word.substr(colon + 1));
    } else if (word == "send" || word == "pacing_rate" || word == "delivery_rate") {
      std::string value;
      words >> value;
      put_parts(socket, word, parts_of(value, "/"), {"now", "most"});
    } else if (is_arrow(word)) {
      socket["arrow"] = word;
    } else if (word == "ts" || word == "sack" || word == "ecn" || word == "ecnseen" || word == "fastopen" ||
               word == "app_limited") {
      socket[word] = "1";
    } else {
      socket["congestion"] = word;
    }
  }
  return socket;
}

std::map<std::uint64_t, SsSocket> all_by_ss() {
  struct Closer {
    void operator()(std::FILE* pipe) const { ::pclose(pipe); }
  };
  const std::unique_ptr<std::FILE, Closer> pipe(::popen("ss -tainemoOH", "re"));  // NOLINT(*-command-processor,cert-env33-c)
  if (!pipe) throw std::runtime_error("ss cannot be started");
  std::map<std::uint64_t, SsSocket> all;
  std::string line;
  std::array<char, 4096> chunk{};
  while (std::fgets(chunk.data(), static_cast<int>(chunk.size()), pipe.get()) != nullptr) {
    line += chunk.data();
    if (!line.ends_with('\n')) continue;
    SsSocket socket = parse_ss(line);
    line.clear();
    const std::uint64_t cookie = std::strtoull(socket["sk"].c_str(), nullptr, 16);
    if (cookie == 0 || !all.emplace(cookie, std::move(socket)).second) throw std::runtime_error("ss: not understood");
  }
  if (all.empty()) throw std::runtime_error("ss (of the package iproute2) shows nothing");
  return all;
}

}  // namespace uncork::probe::testing
