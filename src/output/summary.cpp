#include "output/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace ttrace {

namespace {

constexpr double kNanosecondsInSecond = 1e9;
constexpr Duration kNanosecondsInMicrosecond = 1000;

Duration average(const CallCount& count) {
  return count.calls == 0 ? 0 : count.total / static_cast<Duration>(count.calls);
}

std::string seconds(Duration time) {
  return fmt::format("{:.6f}", static_cast<double>(time) / kNanosecondsInSecond);
}

std::string percent(const CallCount& count, const CallCount& all) {
  // The whole is the whole, even of nothing.
  if (&count == &all) return "100.00";
  if (all.total == 0) return "0.00";
  constexpr double kWhole = 100;
  return fmt::format("{:.2f}",
                     kWhole * static_cast<double>(count.total) / static_cast<double>(all.total));
}

// What stands in one column of the row of `count`, of which `all` is the sum.
std::string cell(SummaryColumn column, const CallCount& count, const CallCount& all) {
  switch (column) {
    case SummaryColumn::TimePercent:
      return percent(count, all);
    case SummaryColumn::TotalTime:
      return seconds(count.total);
    case SummaryColumn::MinTime:
      return seconds(count.shortest);
    case SummaryColumn::MaxTime:
      return seconds(count.longest);
    case SummaryColumn::AverageTime:
      return fmt::format("{}", average(count) / kNanosecondsInMicrosecond);
    case SummaryColumn::Calls:
      return fmt::format("{}", count.calls);
    case SummaryColumn::Errors:
      return count.errors == 0 ? std::string() : fmt::format("{}", count.errors);
    case SummaryColumn::Name:
      return count.name;
  }
  return {};
}

struct Heading {
  std::string_view text;
  std::size_t width;  // at least
};
constexpr std::array<Heading, 8> kHeadings{{
    {"% time", 6},
    {"seconds", 11},
    {"shortest", 8},
    {"longest", 8},
    {"usecs/call", 11},
    {"calls", 9},
    {"errors", 9},
    {"", 16},
}};

using Row = std::vector<std::string>;

Row make_row(const SummaryStyle& style, const CallCount& count, const CallCount& all) {
  Row row;
  for (SummaryColumn column : style.columns)
    row.push_back(cell(column, count, all));
  return row;
}

// Numbers are flush right, names flush left and without blanks at the end of a line.
void append_row(const SummaryStyle& style, const std::vector<std::size_t>& widths, const Row& row,
                std::string& out) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != 0) out += ' ';
    const std::size_t blanks = widths[i] - row[i].size();
    const bool name = style.columns[i] == SummaryColumn::Name;
    if (!name) out.append(blanks, ' ');
    out += row[i];
    if (name && i + 1 != row.size()) out.append(blanks, ' ');
  }
  out += '\n';
}

// True when a row of `a` stands above one of `b`.
bool stands_above(SummarySort sort, const CallCount& a, const CallCount& b) {
  switch (sort) {
    case SummarySort::TotalTime:
      return a.total > b.total;
    case SummarySort::MinTime:
      return a.shortest > b.shortest;
    case SummarySort::MaxTime:
      return a.longest > b.longest;
    case SummarySort::AverageTime:
      return average(a) > average(b);
    case SummarySort::Calls:
      return a.calls > b.calls;
    case SummarySort::Errors:
      return a.errors > b.errors;
    case SummarySort::Name:
      return a.name < b.name;
    case SummarySort::Nothing:
      return false;
  }
  return false;
}

CallCount sum_of(std::span<const CallCount> counts) {
  CallCount all{"total", 0, 0, 0, counts.front().shortest, 0};
  for (const CallCount& count : counts) {
    all.calls += count.calls;
    all.errors += count.errors;
    all.total += count.total;
    all.shortest = std::min(all.shortest, count.shortest);
    all.longest = std::max(all.longest, count.longest);
  }
  return all;
}

}  // namespace

void CallCount::add(Duration time, bool failed) {
  shortest = calls == 0 ? time : std::min(shortest, time);
  longest = std::max(longest, time);
  total += time;
  ++calls;
  if (failed) ++errors;
}

std::string summary_table(std::span<const CallCount> counts, const SummaryStyle& style,
                          std::string_view what) {
  if (counts.empty()) return {};
  std::vector<const CallCount*> order;
  order.reserve(counts.size());
  for (const CallCount& count : counts)
    order.push_back(&count);
  std::ranges::stable_sort(order, [&](const CallCount* a, const CallCount* b) {
    return stands_above(style.sort, *a, *b);
  });

  const CallCount all = sum_of(counts);
  Row heading;
  std::vector<Row> rows;
  rows.reserve(order.size());
  for (const CallCount* count : order)
    rows.push_back(make_row(style, *count, all));
  const Row last = make_row(style, all, all);
  std::vector<std::size_t> widths;
  Row rule;
  for (std::size_t i = 0; i < style.columns.size(); ++i) {
    const bool name = style.columns[i] == SummaryColumn::Name;
    const Heading& column = kHeadings.at(static_cast<std::size_t>(style.columns[i]));
    heading.emplace_back(name ? what : column.text);
    // strace leaves a column free behind a long name.
    const std::size_t free = name ? 1 : 0;
    std::size_t width = std::max(column.width, last[i].size() + free);
    for (const Row& row : rows)
      width = std::max(width, row[i].size() + free);
    widths.push_back(width);
    rule.emplace_back(width, '-');
  }

  std::string table;
  append_row(style, widths, heading, table);
  append_row(style, widths, rule, table);
  for (const Row& row : rows)
    append_row(style, widths, row, table);
  append_row(style, widths, rule, table);
  append_row(style, widths, last, table);
  return table;
}

}  // namespace ttrace
