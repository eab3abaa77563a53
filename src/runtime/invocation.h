#pragma once

#include <span>
#include <vector>

#include "memory/round_plans.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/refusal.h"
#include "runtime/run_memory.h"
#include "runtime/signature.h"

namespace onda::runtime {

/// What the runs of one session have in common.
struct Invoked {
  Environment& environment;
  OrtSession& session;
  const Signature& signature;
  /// Where runs are counted; null where nobody can tell what a run took.
  MemoryAccount* account = nullptr;
  /// Of the registered allocator, by the shapes of the inputs: a run's blocks get their places from its plan.
  /// Null where runs do not use that allocator, or not on the calling thread alone.
  memory::RoundPlans* plans = nullptr;
  /// Where a refused allocation shows: on the calling thread, or on any.
  RefusalWatch::Scope refusals = RefusalWatch::Scope::thread;
};

/// One run of a session: checked, made cancellable, and its failure translated. See Session::run for the
/// contract. Safe from any thread.
std::vector<NamedTensor> invoke(const Invoked& invoked, std::span<const NamedView> inputs,
                                std::span<const NamedMutableView> lent, const RunOptions& options);

}  // namespace onda::runtime
