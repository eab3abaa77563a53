#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// Numbers as people read them.
namespace onda::cli {

/// `digits` behind the point.
[[nodiscard]] std::string fixed(double value, int digits);
/// About three significant digits without an exponent where that is short: "0.00123", "12.3", "4567".
[[nodiscard]] std::string brief(double value);
/// The same without zeros at the end: "2", "0.5".
[[nodiscard]] std::string shortest_brief(double value);
/// A rate or a count: whole from 100 on, however large.
[[nodiscard]] std::string rate_text(double value);
/// "712 B", "9.6 KB", "97.7 MB", "1.2 GB", in powers of 1024.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// "2.13 us", "14.2 ms", "1.50 s".
[[nodiscard]] std::string duration_text(std::chrono::duration<double> duration);
/// "98.89 %".
[[nodiscard]] std::string percent_text(double fraction);

}  // namespace onda::cli
