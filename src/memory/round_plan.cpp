#include "memory/round_plan.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "onda/allocator.h"

namespace onda::memory {
namespace {

constexpr std::size_t kStep = Allocator::kAlignment;

struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The offset of the tightest gap for `bytes` between the places that are taken, else behind them all.
std::size_t tightest_gap(std::vector<Place>& taken, std::size_t bytes) {
  std::ranges::sort(taken, {}, &Place::begin);
  std::size_t tightest = std::numeric_limits<std::size_t>::max();
  std::size_t offset = 0;
  std::size_t end = 0;
  for (const Place& place : taken) {
    if (place.begin > end && place.begin - end >= bytes && place.begin - end < tightest) {
      tightest = place.begin - end;
      offset = end;
    }
    end = std::max(end, place.end);
  }
  return tightest == std::numeric_limits<std::size_t>::max() ? end : offset;
}

bool can_be_planned(std::span<const RecordedBlock> blocks) {
  if (blocks.size() > kMostPlannedBlocks) return false;
  // Behind one another at worst; so no offset overflows.
  std::size_t left = std::numeric_limits<std::size_t>::max() / 2;
  for (const RecordedBlock& block : blocks) {
    if (block.bytes > left || left - block.bytes < kStep) return false;
    left -= block.bytes + kStep;
  }
  return true;
}

/// How many of the blocks that end within the round are live at once at most.
std::size_t most_live(std::span<const RecordedBlock> blocks, std::span<const std::size_t> planned) {
  std::vector<std::pair<std::uint32_t, int>> changes;
  changes.reserve(2 * planned.size());
  for (const std::size_t i : planned) {
    changes.emplace_back(blocks[i].begin, 1);
    changes.emplace_back(blocks[i].end, -1);
  }
  std::ranges::sort(changes);
  std::size_t live = 0;
  std::size_t most = 0;
  for (const auto& [time, change] : changes) {
    live += static_cast<std::size_t>(change);
    most = std::max(most, live);
  }
  return most;
}

}  // namespace

RoundPlan plan_round(std::span<const RecordedBlock> blocks) {
  if (!can_be_planned(blocks)) return {};
  RoundPlan plan;
  plan.blocks.reserve(blocks.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    plan.blocks.push_back({.bytes = blocks[i].bytes});
    if (blocks[i].end != RecordedBlock::kOutlivesTheRound) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::greater<>{}, [&](std::size_t i) { return blocks[i].bytes; });

  plan.most_live = most_live(blocks, order);

  std::vector<Place> taken;
  for (std::size_t position = 0; position < order.size(); ++position) {
    const RecordedBlock& block = blocks[order[position]];
    taken.clear();
    for (std::size_t earlier = 0; earlier < position; ++earlier) {
      const RecordedBlock& other = blocks[order[earlier]];
      if (other.begin >= block.end || block.begin >= other.end) continue;
      const std::size_t offset = plan.blocks[order[earlier]].offset;
      taken.push_back({.begin = offset, .end = offset + (other.bytes + kStep - 1) / kStep * kStep});
    }
    const std::size_t bytes = (block.bytes + kStep - 1) / kStep * kStep;
    const std::size_t offset = tightest_gap(taken, bytes);
    plan.blocks[order[position]].offset = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
  }
  return plan;
}

}  // namespace onda::memory
