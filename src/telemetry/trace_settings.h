#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/trace_sampler.h"

namespace onda::telemetry {

/// A complete trace setting as the protocol shows it: all values are text.
struct TraceSetting {
  std::string trace_file{};
  std::vector<std::string> trace_level{};
  std::string trace_rate{};
  std::string trace_count{};  ///< how many are still to come; -1: no end
  std::string log_frequency{};
  std::string trace_mode{};
  friend bool operator==(const TraceSetting&, const TraceSetting&) = default;
};

/// A key and its new values, as they arrive. Nothing, or no value, clears the setting: a model's to the
/// global one, the global one to its default.
using TraceSettingChange = std::pair<std::string, std::optional<std::vector<std::string>>>;

/// What holds where nobody has set anything.
struct TraceDefaults {
  std::string trace_file{};  ///< empty: no request is traced, whatever the settings say
  bool timestamps = false;
  std::uint32_t rate = 1000;
  std::int64_t count = TraceBudget::kUnlimited;
  std::uint32_t log_frequency = 0;
};

/// The trace settings, global and per model, and the samplers that follow them. `log_frequency` is kept and
/// shown, but there is one trace file. Safe from any thread.
class TraceSettings {
 public:
  /// `defaults` are trusted: a rate of 1 or more, a count of -1 or more.
  explicit TraceSettings(TraceDefaults defaults = {});

  /// Of a model, or with "" the global one.
  [[nodiscard]] TraceSetting effective(std::string_view model = {}) const;

  /// Applies all changes to a model's setting, or with "" to the global one; the caller makes sure that there
  /// is such a model. When it throws, nothing has changed. Throws invalid_argument for an unknown key or a
  /// bad value, unimplemented for another trace file and for the level TENSORS.
  void update(std::string_view model, std::span<const TraceSettingChange> changes);

  /// The model's sampler, the same for all who hold it. Take it when the model is loaded, not per request.
  [[nodiscard]] std::shared_ptr<TraceSampler> sampler(std::string_view model);

 private:
  /// What somebody has set, by the protocol's keys.
  struct Values {
    std::optional<bool> timestamps{};
    std::optional<std::uint32_t> rate{};
    std::optional<std::int64_t> count{};
    std::optional<std::uint32_t> log_frequency{};
    [[nodiscard]] bool is_empty() const noexcept { return !timestamps && !rate && !count && !log_frequency; }
  };
  struct Model {
    Values values;
    std::shared_ptr<TraceSampler> sampler;
  };
  using Models = std::map<std::string, Model, std::less<>>;

  static void apply(Values& values, const TraceSettingChange& change);
  [[nodiscard]] bool timestamps(const Values& values) const noexcept;
  [[nodiscard]] std::uint32_t rate(const Values& values) const noexcept;
  [[nodiscard]] std::uint32_t log_frequency(const Values& values) const noexcept;
  Model& model_of(std::string_view name);
  void follow(Model& model) const noexcept;

  const TraceDefaults defaults_;
  const std::shared_ptr<TraceBudget> budget_;  ///< of all models without their own trace_count
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Values global_;
  Models models_;
};

}  // namespace onda::telemetry
