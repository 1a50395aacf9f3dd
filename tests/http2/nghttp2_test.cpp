// Our codec against libnghttp2's, both ways: random and mutated field blocks, random and malformed requests. UNCORK_LONG=1 runs
// fifty times as many.

#include <gmock/gmock.h>
#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <memory>
#include <random>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;

int rounds(int usual) { return std::getenv("UNCORK_LONG") != nullptr ? 50 * usual : usual; }

/// Random messages of fields that look like real ones.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool once_in(std::size_t times) { return below(times) == 0; }
  std::string text(std::size_t most, bool any_byte) {
    std::string made(below(most + 1), '\0');
    for (char& c : made) c = any_byte ? static_cast<char>(below(256)) : static_cast<char>('!' + below(94));
    return made;
  }
  std::pair<std::string, std::string> one_field() {
    static const std::vector<std::pair<std::string, std::string>> kKnown = {
        {":method", "GET"},      {":method", "POST"},
        {":path", "/"},          {":path", "/index.html"},
        {":scheme", "https"},    {":status", "200"},
        {"accept", "*/*"},       {"cookie", "a=b"},
        {"te", "trailers"},      {"host", "example.org"},
        {"content-length", "0"}, {"x-request-id", "4711-abc"},
        {"user-agent", "test"},  {"accept-encoding", "gzip, deflate"}};
    auto made = kKnown[below(kKnown.size())];
    if (once_in(3)) made.second = text(60, once_in(4));
    if (once_in(6)) made.first = "x-" + std::to_string(below(50));
    return made;
  }
  field_list message() {
    field_list made(below(12));
    for (auto& one : made) one = one_field();
    return made;
  }
  void mutate(byte_vector& bytes) {
    for (std::size_t i = below(4); i-- > 0 && !bytes.empty();) {
      const std::size_t at = below(bytes.size());
      if (once_in(3)) {
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (once_in(3)) {
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(below(256)));
      } else {
        bytes[at] = static_cast<std::byte>(below(256));
      }
    }
  }

 private:
  std::mt19937_64 random_;
};

class Inflater {
 public:
  Inflater() { nghttp2_hd_inflate_new(&inflater_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { nghttp2_hd_inflate_del(inflater_); }

  /// Nothing if it cannot be decoded.
  std::optional<std::vector<std::string>> decode(byte_span block) {
    std::vector<std::string> lines;
    const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (taken < 0) return std::nullopt;
      at += taken;
      left -= static_cast<std::size_t>(taken);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        lines.push_back(std::string(reinterpret_cast<char*>(field.name), field.namelen) + ": " +
                        std::string(reinterpret_cast<char*>(field.value), field.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return lines;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

std::vector<nghttp2_nv> as_nv(const field_list& list) {
  std::vector<nghttp2_nv> made;
  for (const auto& [name, value] : list) {
    made.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                    NGHTTP2_NV_FLAG_NONE});
  }
  return made;
}

constexpr field_limits kNoLimits{~0U, ~0U};

TEST(AgainstNghttp2, it_reads_what_our_encoder_writes) {
  Generator generator(1);
  for (int connection = 0; connection < rounds(200); ++connection) {
    HpackEncoder encoder;
    Inflater inflater;
    for (int i = 0; i < 50; ++i) {
      const fields sent = made_of(generator.message());
      byte_vector block;
      encoder.encode(sent, block);
      ASSERT_EQ(inflater.decode(block), lines_of(sent)) << connection << " " << i;
    }
  }
}

TEST(AgainstNghttp2, our_decoder_reads_what_it_writes) {
  Generator generator(2);
  for (int connection = 0; connection < rounds(200); ++connection) {
    nghttp2_hd_deflater* deflater = nullptr;
    ASSERT_EQ(nghttp2_hd_deflate_new(&deflater, 4096), 0);
    HpackDecoder decoder;
    for (int i = 0; i < 50; ++i) {
      if (generator.once_in(10)) nghttp2_hd_deflate_change_table_size(deflater, generator.below(4097));
      const field_list sent = generator.message();
      const auto nv = as_nv(sent);
      byte_vector block(nghttp2_hd_deflate_bound(deflater, nv.data(), nv.size()));
      const ssize_t size =
          nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(block.data()), block.size(), nv.data(), nv.size());
      ASSERT_GE(size, 0);
      block.resize(static_cast<std::size_t>(size));
      fields read;
      ASSERT_EQ(decoder.decode(block, kNoLimits, read).error, errc::no_error);
      ASSERT_EQ(lines_of(read), lines_of(made_of(sent)));
    }
    nghttp2_hd_deflate_del(deflater);
  }
}

TEST(AgainstNghttp2, blocks_that_are_damaged_are_taken_or_refused_alike) {
  Generator generator(3);
  int refused = 0;
  for (int connection = 0; connection < rounds(2000); ++connection) {
    HpackEncoder encoder;
    HpackDecoder decoder;
    Inflater inflater;
    for (int i = 0; i < 10; ++i) {
      byte_vector block;
      encoder.encode(made_of(generator.message()), block);
      generator.mutate(block);
      fields read;
      const bool is_taken = decoder.decode(block, kNoLimits, read).error == errc::no_error;
      const auto lines = inflater.decode(block);
      ASSERT_EQ(is_taken, lines.has_value()) << connection << " " << i;
      if (!is_taken) {
        ++refused;
        break;
      }
      ASSERT_EQ(lines_of(read), *lines);
    }
  }
  EXPECT_GT(refused, rounds(200));
}

/// A server's session of libnghttp2 that is given one request.
class OneRequest {
 public:
  OneRequest() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
      if (frame->hd.type == NGHTTP2_HEADERS) static_cast<OneRequest*>(self)->is_taken_ = true;
      return 0;
    });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
  }
  OneRequest(const OneRequest&) = delete;
  OneRequest& operator=(const OneRequest&) = delete;
  ~OneRequest() { nghttp2_session_del(session_); }

  bool takes(byte_span bytes) {
    static_cast<void>(nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
    return is_taken_;
  }

 private:
  nghttp2_session* session_ = nullptr;
  bool is_taken_ = false;
};

/// Where this end is stricter or laxer than libnghttp2, and why.
bool may_differ(const field_list& request) {
  std::size_t authorities = 0;
  std::size_t hosts = 0;
  std::string authority;
  std::string host;
  std::string scheme;
  bool is_connect = false;
  for (const auto& [name, value] : request) {
    if (name == ":authority") ++authorities, authority = value;
    if (name == "host") ++hosts, host = value;
    if (name == ":scheme") scheme = value;
    if (name == ":method" && value == "CONNECT") is_connect = true;
    if (name == ":protocol") return true;  // it takes RFC 8441 only where it was announced, and says so otherwise
  }
  if (authorities + hosts == 0 && !is_connect) return true;              // RFC 9113 8.3.1 does not ask for either; it does
  if (authorities != 0 && hosts != 0 && authority != host) return true;  // SHOULD be malformed there; it does not look
  const auto is_odd = [](const std::string& text) { return text.empty() || text.find_first_of("@/?#\\") != std::string::npos; };
  if ((authorities != 0 && is_odd(authority)) || (hosts != 0 && is_odd(host))) return true;  // user information and the like
  return scheme != "http" && scheme != "https";  // it asks for a path that begins with / of these two alone
}

TEST(AgainstNghttp2, requests_are_well_formed_or_malformed_alike) {
  Generator generator(4);
  int taken = 0;
  int compared = 0;
  for (int i = 0; i < rounds(20'000); ++i) {
    field_list request = {{":method", "GET"}, {":scheme", "https"}, {":authority", "example.org"}, {":path", "/"}};
    if (generator.once_in(4)) request.erase(request.begin() + static_cast<std::ptrdiff_t>(generator.below(4)));
    if (generator.once_in(8)) request[0].second = "CONNECT";
    for (std::size_t more = generator.below(4); more-- > 0;) request.push_back(generator.one_field());
    static const std::vector<std::pair<std::string, std::string>> kOdd = {
        {"connection", "x"},     {"Upper", "x"}, {"te", "gzip"},     {"upgrade", "x"},
        {":unknown", "x"},       {"", "x"},      {"a b", "x"},       {"transfer-encoding", "chunked"},
        {"x", "a\nb"},           {"x", " a"},    {"x", "a\t"},       {"x", "a\x7f"},
        {"x", "\x80\xff"},       {"x\x80", "y"}, {"keep-alive", ""}, {"proxy-connection", "x"},
        {"content-length", "1x"}};
    if (generator.once_in(3)) {
      const auto at = static_cast<std::ptrdiff_t>(generator.below(request.size() + 1));
      request.insert(request.begin() + at, kOdd[generator.below(kOdd.size())]);
    }
    if (may_differ(request)) continue;
    byte_vector bytes = as_bytes(kPreface);
    put_settings({}, bytes);
    const std::size_t begin = bytes.size();
    bytes.resize(begin + kFrameHeaderBytes);
    HpackEncoder().encode(made_of(request), bytes);
    finish_headers(1, true, begin, kLeastMaxFrameSize, bytes);
    Session ours(Side::server, {}, time_point());
    bool is_taken = false;
    for (byte_span rest = bytes; !rest.empty();) {
      rest = rest.subspan(ours.receive(rest, time_point()));
      while (const auto one = ours.next()) is_taken = is_taken || one->what == Event::kind::message;
    }
    std::string shown;
    for (const auto& [name, value] : request) shown += name + ": " + value + "\n";
    ASSERT_EQ(is_taken, OneRequest().takes(bytes)) << shown;
    ++compared;
    taken += is_taken ? 1 : 0;
  }
  EXPECT_GT(compared, rounds(4'000));
  EXPECT_GT(taken, compared / 10);
  EXPECT_LT(taken, compared * 9 / 10);
}

}  // namespace
}  // namespace uncork::http2
