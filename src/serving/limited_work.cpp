#include "serving/limited_work.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "onda/error.h"

namespace onda::serving {
namespace {

std::atomic<int> abandoned{0};

struct Job {
  std::function<void()> work;
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  bool is_done = false;
  bool is_abandoned = false;
  std::exception_ptr error;
};

void serve(const std::shared_ptr<Job>& job) noexcept {
  std::exception_ptr error;
  try {
    job->work();
  } catch (...) {
    error = std::current_exception();
  }
  // What it owns goes before anybody goes on, on whichever thread.
  job->work = nullptr;
  const std::scoped_lock lock(job->mutex);
  job->is_done = true;
  job->error = error;
  if (job->is_abandoned) --abandoned;
  job->changed.notify_one();
}

}  // namespace

void run_limited(std::chrono::nanoseconds limit, const char* what, std::function<void()> work) {
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  std::thread thread([job] { serve(job); });
  std::unique_lock lock(job->mutex);
  if (job->changed.wait_for(lock, limit, [&] { return job->is_done; })) {
    const std::exception_ptr error = job->error;
    lock.unlock();
    thread.join();
    if (error) std::rethrow_exception(error);
    return;
  }
  job->is_abandoned = true;
  ++abandoned;
  lock.unlock();
  thread.detach();
  throw Error(ErrorCode::deadline_exceeded,
              std::string(what) + " took longer than " +
                  std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()) +
                  " ms and was given up");
}

int abandoned_work() noexcept { return abandoned.load(); }

}  // namespace onda::serving
