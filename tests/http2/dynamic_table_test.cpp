// The dynamic table against a list that is searched: what is in it, in which order, and that its memory is bounded.

#include "http2/hpack/dynamic_table.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <deque>
#include <string>
#include <utility>

namespace uncork::http2 {
namespace {

using Model = std::deque<std::pair<std::string, std::string>>;  // the newest first

std::size_t size_of(const Model& model) {
  std::size_t size = 0;
  for (const auto& [name, value] : model) size += name.size() + value.size() + DynamicTable::kEntryOverhead;
  return size;
}

void expect_same(const DynamicTable& table, const Model& model) {
  RC_ASSERT(table.count() == model.size());
  RC_ASSERT(table.size() == size_of(model));
  for (std::size_t i = 0; i < model.size(); ++i) {
    RC_ASSERT(table[i].name == model[i].first);
    RC_ASSERT(table[i].value == model[i].second);
    const FoundEntry found = table.find(i);
    RC_ASSERT(std::string(found.text, found.slot->name_size + found.slot->value_size) == model[i].first + model[i].second);
  }
}

TEST(DynamicTable, has_the_newest_entries_that_fit) {
  EXPECT_TRUE(rc::check([] {
    std::size_t capacity = *rc::gen::element<std::size_t>(0, 100, 300, 4096);
    const std::size_t most = capacity;
    DynamicTable table(capacity);
    Model model;
    const auto steps = *rc::gen::inRange(0, 200);
    for (int step = 0; step < steps; ++step) {
      if (*rc::gen::inRange(0, 30) == 0) {
        capacity = *rc::gen::inRange<std::size_t>(0, most + 1);
        table.set_capacity(capacity);
      } else {
        std::string name(*rc::gen::element<std::size_t>(0, 1, 5, 40), static_cast<char>('a' + step % 26));
        const std::string value(*rc::gen::element<std::size_t>(0, 0, 3, 50, 200), static_cast<char>('A' + step % 26));
        if (table.count() != 0 && *rc::gen::inRange(0, 3) == 0) {  // a name that is in the table, and may be driven out
          const std::size_t index = *rc::gen::inRange<std::size_t>(0, table.count());
          name = model[index].first;
          table.insert({table[index].name, value, known_field::other, true});
        } else {
          table.insert({name, value, known_field::other, true});
        }
        model.emplace_front(name, value);
        if (size_of({model.front()}) > capacity) model.clear();  // RFC 7541 4.4
      }
      while (size_of(model) > capacity) model.pop_back();
      expect_same(table, model);
      RC_ASSERT(table.memory() <= 4 * most + 2 * 1024);
    }
  }));
}

TEST(DynamicTable, holds_no_memory_before_the_first_entry) { EXPECT_EQ(DynamicTable(4096).memory(), 0U); }

}  // namespace
}  // namespace uncork::http2
