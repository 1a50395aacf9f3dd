#include "cli/store/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/json.hpp"
#include "record/buffer.hpp"
#include "record/escape.hpp"
#include "report/printable.hpp"
#include "report/table.hpp"

namespace uncork::cli {
namespace {

using Kind = sink::Statement::Kind;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string text_of(const sink::Statement& row, int column) {
  switch (row.kind(column)) {
    case Kind::null:
      return "";
    case Kind::integer:
      return std::to_string(row.number(column));
    case Kind::real:
      return fmt::format("{}", row.real(column));
    case Kind::bytes:
      return hex(row.bytes(column));
    case Kind::text:
      return std::string(row.text(column));
  }
  return "";
}

class TableAnswer final : public Answer {
 public:
  explicit TableAnswer(const sink::Statement& statement) {
    for (int i = 0; i < statement.columns(); ++i) columns_.push_back({statement.name(i), report::Align::right});
  }

  void put_row(const sink::Statement& row) override {
    std::vector<std::string> cells;
    for (int i = 0; i < row.columns(); ++i) {
      const Kind kind = row.kind(i);
      if (kind == Kind::text || kind == Kind::bytes) columns_[static_cast<std::size_t>(i)].align = report::Align::left;
      cells.push_back(kind == Kind::null ? "-" : text_of(row, i));
    }
    rows_.push_back(std::move(cells));
  }

  void end() override {
    report::Table table(columns_);
    for (auto& row : rows_) table.add(std::move(row));
    const std::string text = table.render(static_cast<std::size_t>(terminal_width(1)));
    const std::size_t title_end = text.find('\n');
    const bool color = wants_color(1);
    put((color ? "\x1b[1m" : "") + report::printable(text.substr(0, title_end)) + (color ? "\x1b[0m" : "") +
        text.substr(title_end));
  }

 private:
  std::vector<report::Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

class JsonAnswer final : public Answer {
 public:
  explicit JsonAnswer(const sink::Statement& statement) {
    for (int i = 0; i < statement.columns(); ++i) {
      std::string name = statement.name(i);
      // A second column of a name would replace the first.
      for (int more = 2; std::ranges::find(names_, name) != names_.end(); ++more)
        name = fmt::format("{}:{}", statement.name(i), more);
      names_.push_back(std::move(name));
    }
  }

  void put_row(const sink::Statement& row) override {
    core::Json line = core::Json::object();
    for (int i = 0; i < row.columns(); ++i) line[names_[static_cast<std::size_t>(i)]] = value_of(row, i);
    put_line(line.dump(core::Json::Order::as_inserted, core::Json::Charset::ascii));
  }

 private:
  static core::Json value_of(const sink::Statement& row, int column) {
    switch (row.kind(column)) {
      case Kind::null:
        return nullptr;
      case Kind::integer:
        return row.number(column);
      case Kind::real:
        return row.real(column);
      default:
        return text_of(row, column);
    }
  }

  std::vector<std::string> names_;
};

class SeparatedAnswer final : public Answer {
 public:
  using PutField = void (*)(record::Buffer& to, std::string_view text);

  SeparatedAnswer(const sink::Statement& statement, char between, PutField put_field) : between_(between), put_field_(put_field) {
    for (int i = 0; i < statement.columns(); ++i) add(i, statement.name(i));
    end_line();
  }

  void put_row(const sink::Statement& row) override {
    for (int i = 0; i < row.columns(); ++i) add(i, text_of(row, i));
    end_line();
  }

 private:
  void add(int column, std::string_view text) {
    if (column != 0) line_.put(between_);
    put_field_(line_, text);
  }
  void end_line() {
    put_line(line_.view());
    line_.clear();
  }

  char between_;
  PutField put_field_;
  record::Buffer line_;
};

}  // namespace

std::unique_ptr<Answer> Answer::in(AnswerFormat format, const sink::Statement& statement) {
  switch (format) {
    case AnswerFormat::jsonl:
      return std::make_unique<JsonAnswer>(statement);
    case AnswerFormat::csv:
      return std::make_unique<SeparatedAnswer>(statement, ',', record::put_csv);
    case AnswerFormat::tsv:
      return std::make_unique<SeparatedAnswer>(statement, '\t', record::put_tsv);
    case AnswerFormat::table:
      break;
  }
  return std::make_unique<TableAnswer>(statement);
}

PointedAt pointed_at(std::string_view sql, std::size_t offset) {
  constexpr std::size_t kBefore = 60;
  constexpr std::size_t kShown = 120;
  offset = std::min(offset, sql.size());
  const std::string_view before = sql.substr(0, offset);
  const std::size_t line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
  const std::size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::size_t column = offset - begin;
  const std::string_view whole = sql.substr(begin, sql.find('\n', begin) - begin);
  std::size_t cut = column > kBefore ? column - kBefore : 0;
  while (cut > 0 && (static_cast<unsigned char>(whole[cut]) & 0xC0U) == 0x80U) --cut;  // not within a character
  const std::size_t marked = report::display_width(report::printable(whole.substr(cut, column - cut)));
  const std::string place = fmt::format("column {}", report::display_width(std::string(whole.substr(0, column))) + 1);
  return {sql.find('\n') == std::string_view::npos ? place : fmt::format("line {}, {}", line, place),
          "  " + report::printable(whole.substr(cut, kShown)) + "\n  " + std::string(marked, ' ') + "^"};
}

}  // namespace uncork::cli
