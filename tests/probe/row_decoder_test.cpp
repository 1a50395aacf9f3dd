#include "probe/diag/row_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "probe/diag/attributes.hpp"
#include "probe/diag/tcp_info_row.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

class Socket {
 public:
  Socket() : bytes_(sizeof(inet_diag_msg)) {
    inet_diag_msg message{};
    message.idiag_family = AF_INET;
    message.idiag_state = 1;
    message.id.idiag_sport = htons(8001);
    std::memcpy(bytes_.data(), &message, sizeof message);
  }
  Socket& with(std::uint16_t type, std::vector<std::uint8_t> value) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type};
    const std::size_t begin = bytes_.size();
    bytes_.resize(begin + ((sizeof header + value.size() + 3) & ~std::size_t{3}));
    std::memcpy(bytes_.data() + begin, &header, sizeof header);
    std::ranges::copy(std::as_bytes(std::span(value)), bytes_.begin() + static_cast<std::ptrdiff_t>(begin + sizeof header));
    return *this;
  }
  [[nodiscard]] Row row(Attributes attributes = Attributes::all()) const {
    static record::Texts texts;
    RowDecoder decoder(attributes, {6, 18}, texts);
    Row row;
    const auto kind = decoder.decode({.header = {}, .payload = bytes_, .offset = 16}, row);
    EXPECT_TRUE(kind) << kind.error().message;
    return row;
  }

 private:
  std::vector<std::byte> bytes_;
};

std::vector<std::uint8_t> text(std::string_view name) {
  std::vector<std::uint8_t> bytes(name.begin(), name.end());
  bytes.push_back(0);
  return bytes;
}

TEST(RowDecoder, tells_the_three_congestion_states_apart_by_type_name_and_length) {
  const std::vector<std::uint8_t> sixteen(16, 1);
  const std::vector<std::uint8_t> twenty(20, 1);
  EXPECT_TRUE(Socket().with(INET_DIAG_BBRINFO, twenty).row().knows(Block::bbr_info));
  EXPECT_TRUE(Socket().with(INET_DIAG_VEGASINFO, twenty).row().knows(Block::bbr_info));
  EXPECT_TRUE(Socket().with(INET_DIAG_DCTCPINFO, sixteen).row().knows(Block::dctcp_info));
  const Row named = Socket().with(INET_DIAG_VEGASINFO, sixteen).with(INET_DIAG_CONG, text("dctcp")).row();
  EXPECT_TRUE(named.knows(Block::dctcp_info)) << "the name may come after";
  EXPECT_FALSE(named.knows(Block::vegas_info));
  EXPECT_TRUE(Socket().with(INET_DIAG_VEGASINFO, sixteen).row().knows(Block::vegas_info));
  EXPECT_FALSE(Socket().with(INET_DIAG_BBRINFO, std::vector<std::uint8_t>(19)).row().knows(Block::bbr_info));
}

TEST(RowDecoder, counts_attributes_that_nobody_knows) {
  const Row row = Socket().with(77, {1, 2, 3}).with(78, {}).with(INET_DIAG_PROTOCOL, {6}).row();
  EXPECT_EQ(row.unknown_attributes, 2U);
  EXPECT_TRUE(row.knows(Block::attributes));
}

TEST(RowDecoder, names_the_upper_layer_protocol) {
  const Row row = Socket().with(INET_DIAG_ULP_INFO | NLA_F_NESTED, {8, 0, 1, 0, 't', 'l', 's', 0}).row();
  EXPECT_EQ(row.ulp.view(), "tls");
}

TEST(RowDecoder, reads_the_last_four_bytes_of_tcp_info_by_the_kernels_version) {
  std::vector<std::byte> info(280);
  info[276] = std::byte{0x16};  // 7.0: mode 2, options seen 1, failure 1
  Row row;
  read_tcp_info(info, {6, 18}, row);
  EXPECT_EQ(row.tcp_info_accecn_fail_mode, 0x16U);
  EXPECT_FALSE(row.knows(Block::ecn_mode));
  EXPECT_EQ(row.tcp_info_tail.size, 0);
  row = {};
  read_tcp_info(info, {7, 0}, row);
  EXPECT_EQ(row.tcp_info_ecn_mode, 2U);
  EXPECT_EQ(row.tcp_info_accecn_opt_seen, 1U);
  EXPECT_EQ(row.tcp_info_accecn_fail_mode, 1U);
  row = {};
  read_tcp_info(info, {}, row);
  EXPECT_FALSE(row.knows(Block::accecn));
  EXPECT_EQ(row.tcp_info_tail.size, 4) << "kept, not guessed";
}

TEST(RowDecoder, keeps_the_bytes_of_tcp_info_that_later_kernels_add) {
  std::vector<std::byte> info(290, std::byte{7});
  Row row;
  read_tcp_info(info, {6, 18}, row);
  EXPECT_EQ(row.tcp_info_tail.size, 10);
  EXPECT_EQ(row.tcp_info_length, 290U);
  row = {};
  read_tcp_info(std::span(info).first(233), {6, 1}, row);
  EXPECT_TRUE(row.knows(Block::tcp_info_5_4));
  EXPECT_FALSE(row.knows(Block::tcp_info_6_2));
  EXPECT_EQ(row.tcp_info_rcv_wnd, 0U) << "half a field is none";
  EXPECT_EQ(row.tcp_info_tail.size, 1);
}

TEST(Attributes, are_selected_by_name) {
  EXPECT_EQ(*parse_attributes("info,skmem"), (Attributes{Attribute::info, Attribute::skmem}));
  EXPECT_EQ((Attributes{Attribute::info, Attribute::cong, Attribute::skmem}.request_bits()), 0x4a);
  EXPECT_EQ(to_string(*parse_attributes("bbr,ulp")), "bbr,ulp");
  const auto unknown = parse_attributes("info,sockmem");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, ::testing::HasSubstr("'sockmem'"));
}

}  // namespace
}  // namespace uncork::probe
