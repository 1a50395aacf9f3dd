// Rows as columns: what is known comes back, and nothing else.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "any_row.hpp"
#include "record/human.hpp"
#include "sink/store/row_columns.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

std::string all_columns() {
  std::string names;
  for (const RowColumn& column : row_columns()) names += (names.empty() ? "\"" : ", \"") + column.name + "\"";
  return names;
}

std::vector<record::Row> read_all(const testing::StoreFolder& folder, record::Texts& texts) {
  auto database = open_to_read(folder.path());
  EXPECT_TRUE(database.has_value());
  auto statement = database->prepare("SELECT " + all_columns() + " FROM \"rows\" ORDER BY id");
  EXPECT_TRUE(statement.has_value());
  std::vector<record::Row> rows;
  while (statement->step().value_or(false)) rows.push_back(read_row(*statement, 0, texts));
  return rows;
}

/// All that is known of a row, and nothing that is not.
std::string known(const record::Row& row) {
  std::string text;
  for (const record::Field& field : record::fields()) {
    if (record::knows(row, field)) text += std::string(field.name) + "=" + record::human_text(row, field) + "\n";
  }
  return text;
}

RC_GTEST_PROP(RowsProperty, read_back_as_they_were, ()) {
  const testing::StoreFolder folder;
  const auto store = folder.open();
  testing::OwnedPoll poll;
  record::Random random(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = 0; i < 5; ++i) poll.rows.push_back(record::any_row(poll.texts, random));
  RC_ASSERT(store->add(poll.view()).has_value());
  record::Texts texts;
  const auto rows = read_all(folder, texts);
  RC_ASSERT(rows.size() == poll.rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) RC_ASSERT(known(rows[i]) == known(poll.rows[i]));
}

TEST(Rows, have_a_column_a_field_under_its_name) {
  ASSERT_EQ(row_columns().size(), record::fields().size());
  EXPECT_EQ(row_columns().front().name, "schema_version");
}

TEST(Rows, addresses_are_texts_and_unknown_fields_are_null) {
  const testing::StoreFolder folder;
  const auto store = folder.open();
  testing::OwnedPoll poll = testing::some_poll(1, 2);
  poll.rows[1].blocks = poll.rows[1].blocks.without(record::Block::ledger);
  ASSERT_TRUE(store->add(poll.view()).has_value());
  EXPECT_EQ(folder.number("SELECT count(*) FROM \"rows\" WHERE inet_diag_msg_socket_source = '2001:db8::1'"), 1);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows WHERE inet_diag_msg_socket_source = '198.18.0.1'"), 1);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows WHERE lost_cork_us IS NULL"), 1);
  EXPECT_EQ(folder.number("SELECT count(*) FROM rows WHERE container_id IS NULL"), 2);
}

}  // namespace
}  // namespace uncork::sink
