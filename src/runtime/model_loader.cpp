#include "runtime/model_loader.h"

#include <algorithm>
#include <array>

#include "base/machine.h"
#include "base/process.h"
#include "onda/error.h"
#include "runtime/external_data.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

/// How often an entry is tried that others take away in the moment in which it is opened.
constexpr int kAttempts = 3;

/// Protocol buffers end at 2 GB.
constexpr std::uint64_t kMaxOnnxBytes = (std::uint64_t{1} << 31) - 1;

/// What ONNX Runtime 1.29 knows. Only to explain a failure that it reported: a newer one may know more.
constexpr std::int64_t kKnownIrVersion = 13;
constexpr std::int64_t kKnownOpset = 26;
constexpr std::array<std::string_view, 7> kKnownDomains = {"",
                                                           "ai.onnx",
                                                           "ai.onnx.ml",
                                                           "com.microsoft",
                                                           "com.microsoft.experimental",
                                                           "com.microsoft.nchwc",
                                                           "org.pytorch.aten"};

/// ONNX Runtime has no type for these; the packed ones it has, for some operators.
bool is_never_held(const DeclaredValue& declared) {
  const DType dtype = declared.value.dtype;
  const bool unknown = declared.value.kind == ValueKind::tensor && dtype == DType::undefined;
  return unknown || dtype == DType::complex64 || dtype == DType::complex128;
}

/// The part of the file's own description by which a generic failure is told to be a missing feature.
bool wants_what_runtime_lacks(const ModelFile& file) {
  if (std::any_of(file.inputs.begin(), file.inputs.end(), is_never_held)) return true;
  if (std::any_of(file.outputs.begin(), file.outputs.end(), is_never_held)) return true;
  if (file.metadata.ir_version > kKnownIrVersion) return true;
  for (const OpsetImport& opset : file.metadata.opsets) {
    const bool known =
        std::find(kKnownDomains.begin(), kKnownDomains.end(), opset.domain) != kKnownDomains.end();
    if (!known) return true;
    if ((opset.domain.empty() || opset.domain == "ai.onnx") && opset.version > kKnownOpset) return true;
  }
  return false;
}

}  // namespace

ModelLoader::ModelLoader(Environment& environment, const std::filesystem::path& model,
                         const SessionOptions& options, std::uint64_t cache_limit_bytes)
    : environment_(environment),
      settled_(settle_options(environment, options)),
      path_(model),
      cache_limit_bytes_(cache_limit_bytes) {
  file_ = read_model_file(path_);
  try {
    check_model();
  } catch (const Error& error) {
    throw error.with_context(name());
  }
}

ModelLoader::ModelLoader(Environment& environment, std::span<const std::byte> model,
                         const SessionOptions& options)
    : environment_(environment), settled_(settle_options(environment, options)), bytes_(model) {
  file_ = read_model_file(bytes_);
  try {
    if (!file_.external_tensors.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "has external data (\"" + file_.external_tensors.front().location +
                      "\"), which only a model that is opened by its path can have");
    }
    check_model();
  } catch (const Error& error) {
    throw error.with_context(name());
  }
  // An entry is known by a file's content, and kept for the next start.
  settled_.preparation = Preparation::off;
}

void ModelLoader::check_model() const {
  if (file_.format == ModelFormat::onnx && file_.file_bytes > kMaxOnnxBytes) {
    throw Error(ErrorCode::invalid_argument,
                "has " + std::to_string(file_.file_bytes) +
                    " bytes; an ONNX file ends at 2 GB, store its weights as external data");
  }
  if (file_.format != ModelFormat::onnx) return;
  for (const auto& [dimension, size] : settled_.free_dimensions) {
    const bool known = std::any_of(file_.inputs.begin(), file_.inputs.end(), [&](const DeclaredValue& input) {
      const auto& names = input.value.dimension_names;
      return std::find(names.begin(), names.end(), dimension) != names.end();
    });
    if (!known) {
      throw Error(ErrorCode::invalid_argument,
                  "no input has a dynamic dimension named \"" + dimension + "\"");
    }
  }
}

std::string ModelLoader::name() const { return path_.empty() ? "model" : "model \"" + path_.string() + "\""; }

void ModelLoader::throw_load_failure(OrtStatus* status, const std::filesystem::path& file,
                                     const RefusalWatch& refusals) const {
  Failure failure = take(environment_.api(), status);
  if (const auto refusal = refusals.seen()) {
    throw Error(ErrorCode::resource_exhausted, "cannot be loaded: " + refusal->text()).with_context(name());
  }
  // Our own context names the file.
  const auto prefix = "Load model from " + file.string() + " failed:";
  if (failure.text.starts_with(prefix))
    failure.text.erase(0, failure.text.find_first_not_of(' ', prefix.size()));
  ErrorCode code = to_error_code(failure.code);
  // ORT_FAIL and ORT_INVALID_ARGUMENT say nothing; what Onda could check was checked, so the model itself is
  // wrong.
  if (failure.code == ORT_FAIL || failure.code == ORT_INVALID_ARGUMENT) {
    code = wants_what_runtime_lacks(file_) ? ErrorCode::unimplemented : ErrorCode::data_loss;
  }
  throw Error(code, failure.text).with_context(name());
}

SessionHandle ModelLoader::create(const SessionPurpose& purpose) const {
  if (path_.empty()) return create_from(bytes_, purpose);
  const OrtApi& api = environment_.api();
  const auto options = make_session_options(environment_, settled_, purpose);
  const ExternalData data(path_, file_.external_locations());
  data.add_to(environment_, *options);
  OrtSession* session = nullptr;
  const ErrorsAreReturned quiet;
  const RefusalWatch refusals(RefusalWatch::Scope::thread);
  if (OrtStatus* status = api.CreateSession(environment_.env(), path_.c_str(), options.get(), &session)) {
    throw_load_failure(status, path_, refusals);
  }
  return {session, {&api}};
}

SessionHandle ModelLoader::create_from_copy(const std::filesystem::path& copy,
                                            const SessionPurpose& purpose) const {
  const OrtApi& api = environment_.api();
  const auto options = make_session_options(environment_, settled_, purpose);
  OrtSession* session = nullptr;
  const ErrorsAreReturned quiet;
  const RefusalWatch refusals(RefusalWatch::Scope::thread);
  if (OrtStatus* status = api.CreateSession(environment_.env(), copy.c_str(), options.get(), &session)) {
    throw_load_failure(status, copy, refusals);
  }
  return {session, {&api}};
}

SessionHandle ModelLoader::create_from(std::span<const std::byte> bytes,
                                       const SessionPurpose& purpose) const {
  const OrtApi& api = environment_.api();
  const auto options = make_session_options(environment_, settled_, purpose);
  OrtSession* session = nullptr;
  const ErrorsAreReturned quiet;
  const RefusalWatch refusals(RefusalWatch::Scope::thread);
  if (OrtStatus* status = api.CreateSessionFromArray(environment_.env(), bytes.data(), bytes.size(),
                                                     options.get(), &session)) {
    throw_load_failure(status, path_, refusals);
  }
  return {session, {&api}};
}

LoadedModel ModelLoader::load_plain() {
  LoadedModel loaded;
  try {
    loaded.session = create({});
  } catch (...) {
    base::release_free_heap();
    throw;
  }
  // Optimising leaves more than the weights' own size free in the C library's heap.
  base::release_free_heap();
  return loaded;
}

LoadedModel ModelLoader::open_entry(std::shared_ptr<const MappedEntry> entry) const {
  LoadedModel loaded;
  const PreparedForm form = entry->view().form;
  loaded.session = create_from(entry->model(), {.prepared = form, .weights_directory = store_->directory()});
  if (form == PreparedForm::external) {
    // ONNX Runtime has mapped what bore the entry's name. Entries get their names once, by a rename, so one
    // that bears its own now has done so all the time, and it was this one.
    if (!store_->holds(*entry))
      throw Error(ErrorCode::unavailable, "its prepared form was replaced while it was being opened");
    // It has packed each weight once more, to find the form that is in the file by its digest.
    base::release_free_heap();
  }
  entry->drop_pages();
  loaded.entry = std::move(entry);
  return loaded;
}

PreparedKey ModelLoader::key_of(const ModelIdentity& identity) const {
  const auto machine = base::inspect_machine();
  return prepared_key({.files = identity.files,
                       .runtime_version = environment_.info().version,
                       .runtime_build = environment_.info().build_info,
                       .architecture = machine.architecture,
                       .cpu_features = machine.cpu_features,
                       .device = settled_.device,
                       .provider_options = {},
                       .options = settled_});
}

std::shared_ptr<const MappedEntry> ModelLoader::find_or_make(bool make) {
  const auto directory =
      settled_.cache_directory.empty() ? PreparedModels::default_directory() : settled_.cache_directory;
  store_ = PreparedStore::open(
      directory,
      {.cache_bytes = cache_limit_bytes_, .external_form_bytes = environment_.external_form_bytes()},
      make ? Preparation::make : Preparation::use);
  if (!store_) return nullptr;
  identity_ =
      store_->identify(path_, [&](const std::filesystem::path&) { return file_.external_locations(); });
  if (!identity_) return nullptr;
  const auto key = key_of(*identity_);
  if (auto entry = store_->find(key)) return entry;
  if (!make) return nullptr;
  const EntryDescription description{
      .model = path_.string(), .runtime_version = environment_.info().version, .notes = {}};
  auto entry =
      store_->make(key, *identity_, description, [this](const SaveRequest& request) { save(request); });
  base::release_free_heap();
  return entry;
}

void ModelLoader::save(const SaveRequest& request) const {
  const SessionPurpose purpose{.save_to = request.path, .save_weights = request.weights};
  if (request.copy.empty()) {
    static_cast<void>(create(purpose));
    return;
  }
  static_cast<void>(create_from_copy(request.copy, purpose));
  // ONNX Runtime 1.29 writes models in ONNX format that it does not open: with an initialiser in a graph
  // within a node, which is then there twice.
  static_cast<void>(create_from_copy(request.path, {.prepared = PreparedForm::external, .trial = true}));
}

LoadedModel ModelLoader::load() {
  if (settled_.preparation == Preparation::off) return load_plain();
  std::string reason;
  for (int attempt = 1;; ++attempt) {
    std::shared_ptr<const MappedEntry> entry;
    try {
      entry = good_entry();
      if (entry) return open_entry(entry);
    } catch (const Error& error) {
      // Another process evicted or replaced it meanwhile: nothing is wrong with it, or with what there is
      // now.
      if (entry && !store_->holds(*entry) && attempt < kAttempts) continue;
      reason = error.what();
      // The entry passed its checks and ONNX Runtime still refused it: the next start shall make a new one.
      if (entry) store_->drop(*entry);
    }
    break;
  }
  // Said only of a model that does run: what is wrong with it otherwise says the error.
  auto plain = load_plain();
  if (!reason.empty()) {
    const auto own = name() + ": ";
    if (reason.starts_with(own)) reason.erase(0, own.size());
    environment_.log(LogLevel::warning, own + "runs without its prepared form: " + reason);
  }
  return plain;
}

std::shared_ptr<const MappedEntry> ModelLoader::good_entry() {
  const bool make = settled_.preparation == Preparation::make;
  auto entry = find_or_make(make);
  if (!entry || settled_.verification != Verification::full || entry->verify_weights()) return entry;
  environment_.log(LogLevel::warning, name() + ": its prepared form was damaged and is dropped");
  store_->drop(*entry);
  return make ? find_or_make(make) : nullptr;
}

std::string ModelLoader::prepare() {
  const auto entry = find_or_make(true);
  if (!entry) throw Error(ErrorCode::failed_precondition, "no directory for the cache; set ONDA_CACHE_DIR");
  return entry->name();
}

LoadedModel ModelLoader::replace(const MappedEntry& damaged) {
  store_->drop(damaged);
  if (!identity_->is_current()) {
    throw Error(
        ErrorCode::data_loss,
        name() + ": its prepared weights were damaged, and its file has changed since; open it again");
  }
  return load_plain();
}

}  // namespace onda::runtime
