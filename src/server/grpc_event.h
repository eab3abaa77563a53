#pragma once

namespace onda::server {

/// What a completion queue gives back when an operation is over.
class GrpcTag {
 public:
  /// `ok` as gRPC has it: the operation did what it is for. On the queue's thread.
  virtual void on_event(bool ok) noexcept = 0;

 protected:
  ~GrpcTag() = default;
};

/// The end of one kind of an object's operations.
template <class Object>
class GrpcEvent final : public GrpcTag {
 public:
  using Handler = void (Object::*)(bool ok) noexcept;
  GrpcEvent(Object& object, Handler handler) noexcept : object_(object), handler_(handler) {}
  void on_event(bool ok) noexcept override { (object_.*handler_)(ok); }

 private:
  Object& object_;
  const Handler handler_;
};

/// As gRPC carries it: the queue's thread makes a GrpcTag of it again.
[[nodiscard]] inline void* tag(GrpcTag& of) noexcept { return &of; }

}  // namespace onda::server
