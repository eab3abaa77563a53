#include "telemetry/trace_settings.h"

#include <algorithm>
#include <array>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/error.h"

namespace onda::telemetry {
namespace {

constexpr std::string_view kFile = "trace_file";
constexpr std::string_view kLevel = "trace_level";
constexpr std::string_view kRate = "trace_rate";
constexpr std::string_view kCount = "trace_count";
constexpr std::string_view kLogFrequency = "log_frequency";
constexpr std::string_view kMode = "trace_mode";

constexpr std::string_view kOff = "OFF";
constexpr std::string_view kTimestamps = "TIMESTAMPS";
constexpr std::string_view kTensors = "TENSORS";
constexpr std::string_view kTriton = "triton";

using Given = std::vector<std::string>;

[[noreturn]] void refuse(std::string_view key, std::string_view value, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument,
              std::string(key) + " is " + base::quoted(value) + "; expected " + std::string(expected));
}

const std::string& only_value(std::string_view key, const Given& given) {
  if (given.size() == 1) return given.front();
  throw Error(ErrorCode::invalid_argument,
              std::string(key) + " has " + std::to_string(given.size()) + " values; expected one");
}

template <class Number>
Number number(std::string_view key, const Given& given, Number least, std::string_view expected) {
  const std::string& text = only_value(key, given);
  const auto value = base::parse_number<Number>(text);
  if (!value || *value < least) refuse(key, text, expected);
  return *value;
}

/// Whether TIMESTAMPS is among the levels.
bool timestamps_of(const Given& levels) {
  constexpr std::string_view kExpected = "\"OFF\" alone or \"TIMESTAMPS\"";
  bool is_off = false;
  bool has_tensors = false;
  bool has_timestamps = false;
  for (const std::string& level : levels) {
    if (level == kOff) {
      is_off = true;
    } else if (level == kTimestamps) {
      has_timestamps = true;
    } else if (level == kTensors) {
      has_tensors = true;
    } else {
      refuse(kLevel, level, kExpected);
    }
  }
  if (is_off && (has_tensors || has_timestamps)) {
    throw Error(ErrorCode::invalid_argument,
                "trace_level has \"OFF\" beside another level; expected " + std::string(kExpected));
  }
  if (has_tensors) {
    throw Error(ErrorCode::unimplemented, "trace_level \"TENSORS\" is not implemented; use \"TIMESTAMPS\"");
  }
  return has_timestamps;
}

void require_mode(const Given& given) {
  const std::string& mode = only_value(kMode, given);
  if (mode != kTriton) refuse(kMode, mode, "\"triton\"");
}

[[noreturn]] void refuse_key(std::string_view key) {
  std::string message = "unexpected trace setting " + base::quoted(key) + "; expected ";
  for (const std::string_view known : {kFile, kLevel, kRate, kCount, kLogFrequency}) {
    message.append(known).append(", ");
  }
  throw Error(ErrorCode::invalid_argument, message.append("or ").append(kMode));
}

}  // namespace

TraceSettings::TraceSettings(TraceDefaults defaults)
    : defaults_(std::move(defaults)), budget_(std::make_shared<TraceBudget>(defaults_.count)) {}

void TraceSettings::apply(Values& values, const TraceSettingChange& change) {
  static const Given kNothing;
  const std::string_view key = change.first;
  const Given& given = change.second ? *change.second : kNothing;
  const bool clears = given.empty();
  if (key == kFile) {
    if (clears) return;
    throw Error(ErrorCode::unimplemented, "trace file location can not be updated through network protocol");
  }
  if (key == kLevel) {
    values.timestamps = clears ? std::nullopt : std::optional(timestamps_of(given));
  } else if (key == kRate) {
    values.rate = clears ? std::nullopt
                         : std::optional(number<std::uint32_t>(kRate, given, 1, "a number of 1 or more"));
  } else if (key == kCount) {
    values.count = clears ? std::nullopt
                          : std::optional(number<std::int64_t>(kCount, given, TraceBudget::kUnlimited,
                                                               "a number of -1 or more"));
  } else if (key == kLogFrequency) {
    values.log_frequency =
        clears ? std::nullopt
               : std::optional(number<std::uint32_t>(kLogFrequency, given, 0, "a number of 0 or more"));
  } else if (key == kMode) {
    if (!clears) require_mode(given);
  } else {
    refuse_key(key);
  }
}

bool TraceSettings::timestamps(const Values& values) const noexcept {
  return values.timestamps.value_or(global_.timestamps.value_or(defaults_.timestamps));
}

std::uint32_t TraceSettings::rate(const Values& values) const noexcept {
  return values.rate.value_or(global_.rate.value_or(defaults_.rate));
}

std::uint32_t TraceSettings::log_frequency(const Values& values) const noexcept {
  return values.log_frequency.value_or(global_.log_frequency.value_or(defaults_.log_frequency));
}

/// With `mutex_` held, after each change of what its setting is made of.
void TraceSettings::follow(Model& model) const noexcept {
  const bool is_on = timestamps(model.values) && !defaults_.trace_file.empty();
  model.sampler->set(is_on ? rate(model.values) : 0,
                     model.values.count ? TraceSampler::BudgetOf::model : TraceSampler::BudgetOf::all_models);
}

/// With `mutex_` held. Makes it where there is none, and drops those that nobody holds or has set.
TraceSettings::Model& TraceSettings::model_of(std::string_view name) {
  const auto found = models_.find(name);
  if (found != models_.end()) return found->second;
  std::erase_if(models_, [](const Models::value_type& entry) {
    // Nobody else can copy the last pointer: the map is locked.
    return entry.second.values.is_empty() && entry.second.sampler.use_count() == 1;
  });
  Model made{.values = {}, .sampler = std::make_shared<TraceSampler>(budget_)};
  follow(made);
  return models_.emplace(name, std::move(made)).first->second;
}

TraceSetting TraceSettings::effective(std::string_view model) const {
  const std::scoped_lock lock(mutex_);
  const auto found = model.empty() ? models_.end() : models_.find(model);
  const bool is_known = found != models_.end();
  static const Values kNothingSet;
  const Values& values = is_known ? found->second.values : kNothingSet;
  const TraceBudget& budget = values.count ? found->second.sampler->budget() : *budget_;
  return {.trace_file = defaults_.trace_file,
          .trace_level = {std::string(timestamps(values) ? kTimestamps : kOff)},
          .trace_rate = std::to_string(rate(values)),
          .trace_count = std::to_string(budget.remaining()),
          .log_frequency = std::to_string(log_frequency(values)),
          .trace_mode = std::string(kTriton)};
}

void TraceSettings::update(std::string_view model, std::span<const TraceSettingChange> changes) {
  const std::scoped_lock lock(mutex_);
  // A new entry that stays empty when a change is refused says nothing, and goes when the next one is made.
  Model* one = model.empty() ? nullptr : &model_of(model);
  Values next = one != nullptr ? one->values : global_;
  for (const TraceSettingChange& change : changes) apply(next, change);

  const bool counts_anew = std::any_of(changes.begin(), changes.end(), [](const TraceSettingChange& change) {
    return change.first == kCount;
  });
  if (one != nullptr) {
    one->values = next;
    if (counts_anew && next.count) one->sampler->budget().set(*next.count);
    follow(*one);
    return;
  }
  global_ = next;
  if (counts_anew) budget_->set(next.count.value_or(defaults_.count));
  for (auto& [name, each] : models_) follow(each);
}

std::shared_ptr<TraceSampler> TraceSettings::sampler(std::string_view model) {
  const std::scoped_lock lock(mutex_);
  return model_of(model).sampler;
}

}  // namespace onda::telemetry
