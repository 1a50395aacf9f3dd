#include "record/catalogue.hpp"

#include <gtest/gtest.h>

#include "some_row.hpp"

namespace uncork::record {
namespace {

TEST(Fields, are_in_the_order_of_their_numbers) {
  for (std::size_t i = 1; i < fields().size(); ++i) EXPECT_LT(fields()[i - 1].number, fields()[i].number);
}

TEST(Fields, are_found_by_either_name) {
  const Field* const field = find_field("tcp_info_delivered_e1_bytes");
  ASSERT_NE(field, nullptr);
  EXPECT_EQ(field->json_name, "tcpInfoDeliveredE1Bytes");
  EXPECT_EQ(find_field("tcpInfoDeliveredE1Bytes"), field);
  EXPECT_EQ(find_field("delivered_e1_bytes"), nullptr);
}

TEST(Fields, read_the_member_that_they_name) {
  Texts texts;
  Row row = some_row(texts);
  row.blocks = Blocks::of_bits(~std::uint64_t{0});
  row.late_us[7] = 77;
  row.v6only = true;
  EXPECT_EQ(number_of(row, *find_field("tcp_info_rto")), row.tcp_info_rto);
  EXPECT_EQ(number_of(row, *find_field("late_send_buffer_us")), 77u);
  EXPECT_EQ(number_of(row, *find_field("v6only")), 1u);
  EXPECT_EQ(number_of(row, *find_field("hostname")), std::nullopt);
  EXPECT_EQ(std::get<std::string_view>(value_of(row, *find_field("hostname"))), row.hostname.view());
  EXPECT_EQ(std::get<std::int64_t>(value_of(row, *find_field("timestamp_ns"))), row.timestamp_ns);
}

TEST(Fields, are_unknown_while_their_block_is) {
  Row row;
  for (const Field& field : fields()) {
    const bool always = field.block == Block::always && field.type != FieldType::text && field.type != FieldType::address;
    EXPECT_EQ(knows(row, field), always) << field.name;
  }
  row.blocks = Block::tcp_info;
  EXPECT_TRUE(knows(row, *find_field("tcp_info_rtt")));
  EXPECT_FALSE(knows(row, *find_field("tcp_info_bytes_acked"))) << "a later kernel's";
}

TEST(Blocks, of_tcp_info_are_those_that_its_length_reaches) {
  EXPECT_EQ(tcp_info_blocks(0), Blocks{});
  EXPECT_EQ(tcp_info_blocks(103), Blocks{});
  EXPECT_EQ(tcp_info_blocks(104), Blocks{Block::tcp_info});
  EXPECT_TRUE(tcp_info_blocks(224).has(Block::tcp_info_4_19));
  EXPECT_FALSE(tcp_info_blocks(224).has(Block::tcp_info_5_4));
  EXPECT_TRUE(tcp_info_blocks(248).has(Block::tcp_info_6_7));
  EXPECT_FALSE(tcp_info_blocks(248).has(Block::tcp_info_6_18));
  EXPECT_TRUE(tcp_info_blocks(280).has(Block::tcp_info_6_18));
  EXPECT_FALSE(tcp_info_blocks(280).has(Block::accecn)) << "what its last four bytes mean, the length does not say";
}

TEST(Blocks, are_a_set) {
  const Blocks two = Block::process | Block::ledger;
  EXPECT_TRUE(two.has(Block::process));
  EXPECT_FALSE(two.has(Block::close));
  EXPECT_TRUE(two.has(Block::always));
  EXPECT_EQ(two.without(Block::process), Blocks{Block::ledger});
  EXPECT_EQ(Blocks{Block::always}.bits(), 0u);
}

TEST(CongestionAlgorithms, have_the_numbers_of_the_schema_or_none) {
  EXPECT_EQ(congestion_algorithm_of("cubic"), CongestionAlgorithm::cubic);
  EXPECT_EQ(congestion_algorithm_of("bbr"), CongestionAlgorithm::bbr1);
  EXPECT_EQ(congestion_algorithm_of("reno"), CongestionAlgorithm::unspecified);
}

}  // namespace
}  // namespace uncork::record
