// Package time's values as it writes them itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ttrace {

/// time.Duration, nanoseconds: "1.5s", "2h0m3s", "0s".
std::string go_duration_text(std::int64_t nanoseconds);

/// time.Time of its words `wall` and `ext`, in UTC: "2026-11-23T02:18:34.5Z"; nullopt: a year that
/// has not four digits (Go 1.19 src/time/time.go; the same since 1.9).
std::optional<std::string> go_time_text(std::uint64_t wall, std::int64_t ext);

}  // namespace ttrace
