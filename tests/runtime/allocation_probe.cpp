// Usage: onda_allocation_probe TRANSFORMER ADD_N
//
// Started by tensor_pool_test.cpp. Sends requests of varying sizes through a pool, the largest first, and
// counts what this code allocates, by malloc (and so by operator new) and from the pool's allocator. What
// happens within ONNX Runtime's calls is not counted.
#include <array>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "bench/session/allocation_counter.h"
#include "bench/session/watched_api.h"
#include "onda/tensor_pool.h"
#include "runtime/environment.h"
#include "support/failing_allocator.h"

namespace {

using namespace onda;

constexpr int kRequests = 400;
/// Each shape three times: its run is recorded, then planned, then as it will be from there on.
constexpr int kWarmUp = 3 * 32;

template <class Request>
void measure(const char* name, const std::shared_ptr<test::FailingAllocator>& allocator,
             const Request& request) {
  for (int i = 0; i < kWarmUp; ++i) request(i);
  const auto blocks = allocator->calls();
  const bench::AllocationCounter counter;
  for (int i = 0; i < kRequests; ++i) request(i);
  const auto allocations = counter.allocations();
  std::cout << name << ": " << kRequests << " requests, " << allocations << " of malloc, "
            << allocator->calls() - blocks << " of the pool's allocator\n";
}

void run(const std::string& transformer, const std::string& add) {
  const auto real = Runtime::initialize();
  bench::WatchedApi api(real.environment()->api());
  const Runtime runtime(runtime::Environment::create(api.table(), {}));
  const auto allocator = std::make_shared<test::FailingAllocator>();
  {
    TensorPool pool(Session::open(runtime, transformer, {.intra_op_threads = 1}), {.allocator = allocator});
    api.watch_allocations(true);
    measure("transformer", allocator, [&](int i) {
      auto lease = pool.acquire({{"batch", 4 - i % 4}, {"sequence", 32 - i % 32}});
      for (const auto& [input, tensor] : lease.inputs()) {
        for (auto& value : tensor.as<std::int64_t>()) value = input == "input_ids" ? i % 100 : 1;
      }
      lease.run();
      if (lease.output("last_hidden_state").shape()[1] != 32 - i % 32)
        throw std::runtime_error("wrong shape");
    });
    api.watch_allocations(false);
  }
  TensorPool pool(Session::open(runtime, add, {.intra_op_threads = 1}), {.allocator = allocator});
  api.watch_allocations(true);
  measure("add", allocator, [&](int i) {
    auto lease = pool.acquire_batch(10 - i % 10);
    for (const auto& input : lease.inputs()) {
      for (auto& value : input.tensor.as<float>()) value = 1;
    }
    lease.run();
    for (const float value : lease.output("c").as<float>()) {
      if (value != 2) throw std::runtime_error("wrong sum");
    }
  });
  api.watch_allocations(false);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::invalid_argument("usage: onda_allocation_probe TRANSFORMER ADD_N");
    run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
