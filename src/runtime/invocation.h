#pragma once

#include <span>
#include <vector>

#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/signature.h"

namespace onda::runtime {

/// One run of a session: checked, made cancellable, and its failure translated. See Session::run for the
/// contract. Safe from any thread.
std::vector<NamedTensor> invoke(Environment& environment, OrtSession& session, const Signature& signature,
                                std::span<const NamedView> inputs, std::span<const NamedMutableView> lent,
                                const RunOptions& options);

}  // namespace onda::runtime
