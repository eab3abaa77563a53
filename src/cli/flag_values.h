#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// What is written behind a flag, read strictly: the whole text or a UsageError that says what was expected.
namespace onda::cli {

[[nodiscard]] std::int64_t read_integer(std::string_view text, std::int64_t least,
                                        std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// A finite decimal number, or a fraction such as 1/255.
[[nodiscard]] double read_number(std::string_view text);

/// "0.485,0.456,0.406". At least one item; an empty one is an error.
[[nodiscard]] std::vector<double> read_numbers(std::string_view text);
[[nodiscard]] std::vector<std::int64_t> read_integers(std::string_view text, std::int64_t least);

/// "2s", "500ms", "1m", "250us"; a bare number is seconds. More than 0, at most a year.
[[nodiscard]] std::chrono::nanoseconds read_duration(std::string_view text);

/// "512M", "1.5G", "4096", in powers of 1024 ("MB" and "MiB" mean the same); "50%" of `whole`. At least 1
/// byte, at most an exabyte, and 100 %.
[[nodiscard]] std::uint64_t read_size(std::string_view text, std::uint64_t whole);

/// "true", "on", "yes", "1", and their opposites: how environment and config file set a flag without a value.
[[nodiscard]] bool read_boolean(std::string_view text);

/// The items between commas, spaces around them dropped.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace onda::cli
