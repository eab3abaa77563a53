#pragma once

/// Everything an embedding program needs, in the order in which it meets it.
#include "onda/allocator.h"
#include "onda/arena_allocator.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "onda/preprocess.h"
#include "onda/recycling_allocator.h"
#include "onda/runtime.h"
#include "onda/session.h"
#include "onda/tensor.h"
#include "onda/tensor_pool.h"
#include "onda/version.h"
