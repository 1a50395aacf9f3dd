// The committed .proto and page are what the catalogue says, and the catalogue is what the published schema says.

#include "record/pages.hpp"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "record/catalogue.hpp"
#include "xtcp_flat_record.pb.h"

namespace uncork::record {
namespace {

using google::protobuf::FieldDescriptor;

std::string content_of(const std::string& file) {
  std::ifstream stream(std::string(UNCORK_ROOT) + "/" + file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::u32:
      return "uint32";
    case FieldType::u64:
      return "uint64";
    case FieldType::i64:
      return "int64";
    case FieldType::text:
      return "string";
    case FieldType::address:
    case FieldType::tail:
      return "bytes";
    case FieldType::flag:
      return "bool";
    case FieldType::congestion_algorithm:
    case FieldType::row_kind:
    case FieldType::close_reason:
      return "enum";
  }
  return "";
}

TEST(Pages, the_proto_is_the_one_that_the_catalogue_makes) {
  EXPECT_EQ(content_of("src/record/xtcp_flat_record.proto"), proto_file()) << "run ./dev pages";
}

TEST(Pages, the_page_is_the_one_that_the_catalogue_makes) {
  EXPECT_EQ(content_of("docs/record.md"), record_page()) << "run ./dev pages";
}

TEST(Pages, every_block_and_field_has_its_line_in_the_page) {
  const std::string page = record_page();
  for (const Field& field : fields())
    EXPECT_NE(page.find("| `" + std::string(field.name) + "`"), std::string::npos) << field.name;
  for (unsigned bit = 1; bit < kBlocks; ++bit) {
    EXPECT_NE(page.find("| " + std::string(name_of(static_cast<Block>(bit))) + " |"), std::string::npos) << bit;
  }
}

TEST(Catalogue, agrees_with_the_proto_field_by_field) {
  const auto* const message = xtcp_flat_record::v1::XtcpFlatRecord::descriptor();
  ASSERT_EQ(static_cast<std::size_t>(message->field_count()), fields().size());
  for (const Field& field : fields()) {
    const FieldDescriptor* const member = message->FindFieldByNumber(static_cast<int>(field.number));
    ASSERT_NE(member, nullptr) << field.name;
    EXPECT_EQ(member->name(), field.name);
    EXPECT_EQ(member->json_name(), field.json_name);
    EXPECT_EQ(member->type_name(), type_name(field.type)) << field.name;
    if (member->type() != FieldDescriptor::TYPE_ENUM) continue;
    for (int i = 0; i < member->enum_type()->value_count(); ++i) {
      const auto* const value = member->enum_type()->value(i);
      EXPECT_EQ(value->name(), enumerator(field.type, static_cast<std::uint64_t>(value->number())));
    }
    EXPECT_EQ(enumerator(field.type, static_cast<std::uint64_t>(member->enum_type()->value_count())), "");
  }
}

TEST(Catalogue, has_the_envelope_of_the_published_schema) {
  const auto* const envelope = xtcp_flat_record::v1::Envelope::descriptor();
  EXPECT_EQ(envelope->full_name(), "xtcp_flat_record.v1.Envelope");
  const auto* const row = envelope->FindFieldByNumber(10);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->name(), "row");
  EXPECT_TRUE(row->is_repeated());
}

/// Name, number and type of each field of the published schema.
struct Published {
  std::string_view name;
  std::uint32_t number;
  std::string_view type;
};
constexpr Published kPublished[] = {
#include "published_schema.inc"
};

TEST(Catalogue, has_every_field_of_the_published_schema_under_its_number) {
  std::set<std::uint32_t> published;
  for (const Published& field : kPublished) {
    published.insert(field.number);
    const Field* const ours = find_field(field.name);
    ASSERT_NE(ours, nullptr) << field.name;
    EXPECT_EQ(ours->number, field.number) << field.name;
    EXPECT_EQ(type_name(ours->type), field.type) << field.name;
  }
  EXPECT_EQ(published.size(), 156u);
  for (const Field& field : fields()) {
    if (published.contains(field.number)) continue;
    const std::uint32_t n = field.number;
    EXPECT_TRUE((n >= 1266 && n <= 1299) || (n >= 1403 && n <= 1499) || (n >= 1601 && n <= 1699) || (n >= 1906 && n <= 1999) ||
                n >= 2104)
        << field.name << " is no field of the schema and not in a range that it leaves free";
  }
}

}  // namespace
}  // namespace uncork::record
