#include "runtime/run_memory.h"

#include <algorithm>

namespace onda::runtime {
namespace {

/// One number a thread, in turn.
std::size_t own_line(std::size_t lines) noexcept {
  static std::atomic<std::size_t> threads{0};
  // Relaxed: any number does.
  thread_local const std::size_t own = threads.fetch_add(1, std::memory_order_relaxed);
  return own % lines;
}

}  // namespace

constinit thread_local RunMemory* RunMemory::current_ = nullptr;

// Relaxed throughout: the figures order nothing, and each is right on its own.
void MemoryAccount::add_run(std::uint64_t peak_bytes, std::uint64_t allocations) noexcept {
  lines_[own_line(kLines)].runs.fetch_add(1, std::memory_order_relaxed);
  if (last_allocations_.load(std::memory_order_relaxed) != allocations) {
    last_allocations_.store(allocations, std::memory_order_relaxed);
  }
  std::uint64_t largest = peak_bytes_.load(std::memory_order_relaxed);
  while (largest < peak_bytes &&
         !peak_bytes_.compare_exchange_weak(largest, peak_bytes, std::memory_order_relaxed)) {
  }
}

SessionMemory MemoryAccount::total() const noexcept {
  SessionMemory total;
  for (const Line& line : lines_) total.runs += line.runs.load(std::memory_order_relaxed);
  total.peak_run_bytes = peak_bytes_.load(std::memory_order_relaxed);
  total.last_run_allocations = last_allocations_.load(std::memory_order_relaxed);
  return total;
}

RunMemory::RunMemory(MemoryAccount* account) noexcept  // NOLINT: see blocks_
    : account_(account), outer_(current_) {
  current_ = account == nullptr ? nullptr : this;
}

RunMemory::~RunMemory() {
  current_ = outer_;
  if (account_ != nullptr) account_->add_run(has_lost_count_ ? 0 : peak_bytes_, allocations_);
}

void RunMemory::took(void* block, std::size_t bytes) noexcept {
  ++allocations_;
  if (live_ == kMostLive) {
    has_lost_count_ = true;
    return;
  }
  blocks_[live_++] = {block, bytes};
  live_bytes_ += bytes;
  peak_bytes_ = std::max(peak_bytes_, live_bytes_);
}

std::size_t RunMemory::gives_back(const void* block) noexcept {
  // The newest first: those that live to the end of the run, its outputs, stay at the front.
  for (std::size_t i = live_; i > 0; --i) {
    if (blocks_[i - 1].begin != block) continue;
    const std::size_t bytes = blocks_[i - 1].bytes;
    blocks_[i - 1] = blocks_[--live_];
    live_bytes_ -= bytes;
    return bytes;
  }
  return 0;
}

}  // namespace onda::runtime
