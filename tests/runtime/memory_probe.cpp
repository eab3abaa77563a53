// Usage: onda_memory_probe WHAT ARGUMENTS…
//
// Started by memory_rules_test.cpp in a process of its own, whose ONNX Runtime has met nothing yet; built
// twice, once with the C++ library and libgcc linked in. What must not happen here is the end of the process:
// each WHAT prints one "name=value" a line, "done" last.
#include <onnxruntime_c_api.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/shared_library.h"
#include "onda/error.h"
#include "onda/session.h"
#include "runtime/environment.h"

namespace {

using onda::MemoryStrategy;
using onda::Runtime;
using onda::Session;
using onda::SessionOptions;
using onda::Tensor;
using onda::TensorView;

constexpr std::uint64_t kBudget = std::uint64_t{64} << 20;
constexpr std::int64_t kTooMany = 1'000'000'000'000;

/// 0, 1, … n-1 by the model that is asked for n.
std::vector<onda::NamedTensor> range(const Session& session, std::int64_t n) {
  return session.run(TensorView::of<std::int64_t>({}, std::span<const std::int64_t>(&n, 1)));
}

/// "ok", or the code and the message.
std::string outcome(const Session& session, std::int64_t n) {
  try {
    const auto outputs = range(session, n);
    const auto values = outputs.front().tensor.as<std::int64_t>();
    return values.size() == static_cast<std::size_t>(n) && (n == 0 || values.back() == n - 1) ? "ok"
                                                                                              : "wrong";
  } catch (const onda::Error& error) {
    return std::string(onda::to_string(error.code())) + ": " + error.what();
  }
}

MemoryStrategy strategy_of(const std::string& name) {
  for (const auto strategy : {MemoryStrategy::recycling, MemoryStrategy::arena, MemoryStrategy::system}) {
    if (name == onda::to_string(strategy)) return strategy;
  }
  throw std::invalid_argument("no strategy " + name);
}

onda::RuntimeOptions with_budget() {
  onda::RuntimeOptions options;
  options.memory.budget_bytes = kBudget;
  options.log = [](onda::LogLevel, std::string_view line) { std::cout << "log=" << line << "\n"; };
  return options;
}

/// Runs that are refused, each followed by one that is not.
void refuse(const Runtime& runtime, const std::string& model, const SessionOptions& options) {
  const auto session = Session::open(runtime, model, options);
  std::cout << "strategy=" << onda::to_string(session.memory_strategy()) << "\n";
  const auto print = [&](const char* name, std::int64_t n) {
    // Log lines come while it runs.
    const std::string line = name + ("=" + outcome(session, n));
    std::cout << line << "\n";
  };
  print("small", 1000);
  print("over_budget", 20'000'000);
  print("after", 1000);
  print("huge", kTooMany);
  print("after", 1000);
}

/// A refusal without the figures of its moment, which differ with what the other thread does.
std::string without_figures(const std::string& outcome) { return outcome.substr(0, outcome.find(" where ")); }

/// One thread's runs are refused, the other's are not: it must not notice.
void refuse_beside_another(const std::string& model) {
  const auto runtime = Runtime::initialize(with_budget());
  const auto session = Session::open(runtime, model, {.intra_op_threads = 1});
  const auto work = [&](std::int64_t n, std::string& all) {
    for (int i = 0; i < 200; ++i) {
      // The code alone: what is held differs from run to run.
      const auto one = outcome(session, n).substr(0, 18);
      if (i == 0) all = one;
      if (without_figures(one) != without_figures(all)) all = "differs: " + one;
    }
  };
  std::string refused;
  std::string served;
  {
    const std::jthread other([&] { work(kTooMany, refused); });
    work(1000, served);
  }
  std::cout << "refused=" << refused << "\nserved=" << served << "\n";
}

std::uint64_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(line.find(':') + 1));
  }
  throw std::runtime_error("/proc/self/status has no VmRSS");
}

/// Sessions that come and go leave nothing behind.
void churn(const std::string& model, int sessions) {
  const auto runtime = Runtime::initialize();
  const std::vector<float> x(64);
  const auto once = [&] {
    const auto session = Session::open(runtime, model, {.intra_op_threads = 1});
    static_cast<void>(session.run(TensorView::of<float>({1, 64}, x)));
  };
  // What libraries make once.
  for (int i = 0; i < sessions / 10; ++i) once();
  const auto held = runtime.allocator()->statistics().held_bytes;
  const auto reserved = runtime.environment()->allocator_adapter()->reserved_bytes();
  const auto resident = resident_kilobytes();
  for (int i = 0; i < sessions; ++i) once();
  const auto statistics = runtime.allocator()->statistics();
  const auto resident_after = resident_kilobytes();
  std::cout << "live=" << statistics.live_bytes << "\nreserved=" << reserved << "\n";
  std::cout << "held_grown=" << (statistics.held_bytes > held ? statistics.held_bytes - held : 0) << "\n";
  std::cout << "resident_grown_kilobytes=" << (resident_after > resident ? resident_after - resident : 0)
            << "\n";
}

/// An output is read and released when session and environment are gone.
void outlive(const std::string& model) {
  Tensor kept;
  {
    const auto environment = onda::runtime::Environment::create(onda::runtime::Library::open({}), {});
    const Runtime runtime(environment);
    std::cout << "recycles=" << runtime.info().recycles_memory << "\n";
    kept = std::move(range(Session::open(runtime, model), 100'000).front().tensor);
  }
  const auto values = kept.as<std::int64_t>();
  std::cout << "last=" << values.back() << "\n";
  kept = {};
  // The next environment of this process gets an allocator of its own.
  const Runtime again(onda::runtime::Environment::create(onda::runtime::Library::open({}), {}));
  std::cout << "recycles_again=" << again.info().recycles_memory << "\n";
  std::cout << "again=" << outcome(Session::open(again, model), 100'000) << "\n";
  std::cout << "live=" << again.allocator()->statistics().live_bytes << "\n";
}

/// What a host program registers that uses ONNX Runtime itself.
struct HostAllocator : OrtAllocator {
  const OrtMemoryInfo* memory = nullptr;
  std::atomic<int> allocations{0};
};

void* host_allocate(OrtAllocator* table, std::size_t bytes) {
  static_cast<HostAllocator*>(table)->allocations.fetch_add(1);
  return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
}

void check(const OrtApi& api, OrtStatus* status) {
  if (status != nullptr) throw std::runtime_error(api.GetErrorMessage(status));
}

/// Runs the model through the C API with the shared allocator; how many blocks the host's gave.
int host_run(const OrtApi& api, OrtEnv* env, HostAllocator& allocator, const std::string& model) {
  OrtSessionOptions* options = nullptr;
  check(api, api.CreateSessionOptions(&options));
  check(api, api.AddSessionConfigEntry(options, "session.use_env_allocators", "1"));
  OrtSession* session = nullptr;
  check(api, api.CreateSession(env, model.c_str(), options, &session));
  OrtValue* input = nullptr;
  std::int64_t n = 1000;
  check(api, api.CreateTensorWithDataAsOrtValue(allocator.memory, &n, sizeof n, nullptr, 0,
                                                ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, &input));
  const int before = allocator.allocations;
  const char* input_name = "n";
  const char* output_name = "y";
  OrtValue* output = nullptr;
  check(api, api.Run(session, nullptr, &input_name, &input, 1, &output_name, 1, &output));
  const int taken = allocator.allocations - before;
  api.ReleaseValue(output);
  api.ReleaseValue(input);
  api.ReleaseSession(session);
  api.ReleaseSessionOptions(options);
  return taken;
}

void host_first(const std::string& model, const std::string& library) {
  const onda::base::SharedLibrary opened(library);
  const auto get_base = reinterpret_cast<const OrtApiBase* (*)()>(opened.symbol("OrtGetApiBase"));
  const OrtApi& api = *get_base()->GetApi(ORT_API_VERSION);
  OrtEnv* env = nullptr;
  check(api, api.CreateEnv(ORT_LOGGING_LEVEL_ERROR, "host", &env));
  OrtMemoryInfo* memory = nullptr;
  check(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory));
  HostAllocator allocator{};
  allocator.version = ORT_API_VERSION;
  allocator.memory = memory;
  allocator.Alloc = host_allocate;
  allocator.Reserve = host_allocate;
  allocator.Free = [](OrtAllocator*, void* block) { std::free(block); };
  allocator.Info = [](const OrtAllocator* table) { return static_cast<const HostAllocator*>(table)->memory; };
  check(api, api.RegisterAllocator(env, &allocator));
  std::cout << "host_before=" << (host_run(api, env, allocator, model) > 0) << "\n";

  const auto runtime = Runtime::initialize(with_budget());
  std::cout << "recycles=" << runtime.info().recycles_memory << "\n";
  std::cout << "has_allocator=" << (runtime.allocator() != nullptr) << "\n";
  for (const auto& caveat : runtime.info().caveats) std::cout << "caveat=" << caveat << "\n";
  const auto session = Session::open(runtime, model);
  std::cout << "strategy=" << onda::to_string(session.memory_strategy()) << "\n";
  const int before = allocator.allocations;
  std::cout << "run=" << outcome(session, 1000) << "\n";
  std::cout << "hosts_was_used=" << (allocator.allocations != before) << "\n";
  std::cout << "host_after=" << (host_run(api, env, allocator, model) > 0) << "\n";
}

/// On a table of its own, whose C++ library is not known.
void own_table(const std::string& model, bool refuses_registration) {
  static auto library = onda::runtime::Library::open({});
  static OrtApi table = library.api();
  if (refuses_registration) {
    table.RegisterAllocator = [](OrtEnv*, OrtAllocator*) noexcept {
      return library.api().CreateStatus(ORT_INVALID_ARGUMENT, "not today");
    };
  }
  const Runtime runtime(onda::runtime::Environment::create(table, with_budget()));
  std::cout << "recycles=" << runtime.info().recycles_memory << "\n";
  for (const auto& caveat : runtime.info().caveats) std::cout << "caveat=" << caveat << "\n";
  const auto session = Session::open(runtime, model);
  std::cout << "strategy=" << onda::to_string(session.memory_strategy()) << "\n";
  if (session.memory_strategy() == MemoryStrategy::recycling) {
    const auto huge = outcome(session, kTooMany);
    std::cout << "huge=" << huge << "\n";
  }
  const auto after = outcome(session, 1000);
  std::cout << "after=" << after << "\n";
}

void probe(const std::string& what, const std::vector<std::string>& arguments) {
  if (what == "refuse") {
    SessionOptions options;
    options.memory = strategy_of(arguments.at(1));
    const bool is_parallel = arguments.size() > 2 && arguments[2] == "parallel";
    if (is_parallel) {
      options.execution_mode = onda::ExecutionMode::parallel;
      options.inter_op_threads = 2;
    }
    if (arguments.size() > 2 && arguments[2] == "pattern") options.memory_pattern = true;
    const bool has_budget = options.memory == MemoryStrategy::recycling;
    auto runtime_options = with_budget();
    if (!has_budget) runtime_options.memory.budget_bytes = 0;
    refuse(Runtime::initialize(runtime_options), arguments.at(0), options);
  } else if (what == "beside") {
    refuse_beside_another(arguments.at(0));
  } else if (what == "churn") {
    churn(arguments.at(0), std::stoi(arguments.at(1)));
  } else if (what == "outlive") {
    outlive(arguments.at(0));
  } else if (what == "host-first") {
    host_first(arguments.at(0), arguments.at(1));
  } else if (what == "own-table" || what == "refused-registration") {
    own_table(arguments.at(0), what == "refused-registration");
  } else if (what == "no-budget-kept") {
    const auto runtime = Runtime::initialize(with_budget());
    for (int i = 0; i < 2; ++i) {
      static_cast<void>(Session::open(runtime, arguments.at(0), {.memory = MemoryStrategy::system}));
    }
  } else if (what == "not-registered") {
    auto options = with_budget();
    options.memory.budget_bytes = 0;
    options.register_allocator = false;
    const auto runtime = Runtime::initialize(options);
    std::cout << "recycles=" << runtime.info().recycles_memory << "\n";
    std::cout << "caveats=" << runtime.info().caveats.size() << "\n";
    const auto session = Session::open(runtime, arguments.at(0));
    std::cout << "strategy=" << onda::to_string(session.memory_strategy()) << "\n";
  } else {
    throw std::invalid_argument("what is " + what + "?");
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw std::invalid_argument("usage: onda_memory_probe WHAT ARGUMENTS…");
    probe(argv[1], {argv + 2, argv + argc});
    std::cout << "done\n";
    return 0;
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
    return 1;
  }
}
