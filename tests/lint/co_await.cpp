// What the co_await rules of `./dev lint` must find, marked with the rule's name, between things that they must leave alone.
// Never built; dev.d/selftest.py compares lint's findings with the marks.
#include <coroutine>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  bool await_ready() { return true; }
  void await_suspend(std::coroutine_handle<>) {}
  int await_resume() { return 0; }
};

struct Aggregate {
  std::string name;
  int size = 0;
};

struct Constructed {
  explicit Constructed(std::string text);
  std::string text_;
};

Task take(Aggregate);
Task take(Constructed);
Task take_all(std::vector<int>);
template <typename Call>
Task call(Call&&);

Task braces_inside() {
  co_await take(Aggregate{"typed", 1});  // lint: braced_aggregate
  co_await take({"untyped", 1});         // lint: braced_aggregate
  const int got =                        //
      1 + co_await take(Aggregate{});    // lint: braced_aggregate
  if (got > 0) co_return;
  co_await call([held = Aggregate{"in a capture", 1}.size] { return held; });  // lint: braced_aggregate
}

template <typename T>
Task braces_inside_a_template(T size) {
  co_await take(Aggregate{"dependent", size});  // lint: braced_aggregate
}
template Task braces_inside_a_template<int>(int);

Task no_aggregate_inside(std::string text) {
  Aggregate named{"named", 1};
  co_await take(std::move(named));
  co_await take(Constructed{text});
  co_await take_all({1, 2, 3});
  co_await call([] { return Aggregate{"in a body of its own", 2}.size; });
}

Task lambdas_inside(std::string text, int number) {
  co_await call([text] { return text.size(); });          // lint: owning_lambda
  co_await call([text = std::move(text)] { return 0; });  // lint: owning_lambda
  co_await call([&text, number] { return text.size() + static_cast<unsigned>(number); });
  co_await call([&text] { return [text] { return text.size(); }(); });
}

struct Session {
  int reads = 0;
  void start(std::string text) {
    auto by_copy = [text]() -> Task { co_return; };                                    // lint: capturing_coroutine
    auto by_reference = [&]() -> Task { co_await take(Constructed{text}); };           // lint: capturing_coroutine
    auto by_this = [this]() -> Task { co_await call([this] { return ++reads; }); };    // lint: capturing_coroutine
    auto generic = [this](auto value) -> Task { co_await take_all({reads, value}); };  // lint: capturing_coroutine
    auto free_standing = [](Session& self) -> Task { co_await call([&self] { return ++self.reads; }); };
    auto no_coroutine = [this] { return [](int) -> Task { co_return; }(reads); };
    by_copy(), by_reference(), by_this(), generic(1), free_standing(*this), no_coroutine();
  }
};

}  // namespace
