// grpc++ itself, for examples/grpc_server and examples/grpc_client to be tried on: the service Lines and a client of it.
//
// usage: grpc_peer serve | call PORT | cancel PORT COUNT A_SECOND | refused PORT COUNT
// serve listens on a port of 127.0.0.1, says which, and when a call of Wait is cancelled. call makes every kind of call and
// prints JSON. cancel begins COUNT calls, so many a second at most, gives each up when it has been sent, and prints JSON of how
// they ended and of one call more on the same connection.

#include <grpcpp/grpcpp.h>

#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "lines.grpc.pb.h"

using uncork::example::Line;
using uncork::example::Lines;

namespace {

Line line(std::string text, unsigned count = 0) {
  Line made;
  made.set_text(std::move(text));
  made.set_count(count);
  return made;
}

class Service final : public Lines::Service {
  grpc::Status Greet(grpc::ServerContext*, const Line* asked, Line* said) override {
    *said = line("hello " + asked->text(), 1);
    return grpc::Status::OK;
  }
  grpc::Status Repeat(grpc::ServerContext*, const Line* asked, grpc::ServerWriter<Line>* to) override {
    for (unsigned number = 1; number <= asked->count(); ++number) to->Write(line(asked->text(), number));
    return grpc::Status::OK;
  }
  grpc::Status Join(grpc::ServerContext*, grpc::ServerReader<Line>* from, Line* all) override {
    for (Line next; from->Read(&next);) *all = line(all->text() + next.text(), all->count() + 1);
    return grpc::Status::OK;
  }
  grpc::Status Chat(grpc::ServerContext*, grpc::ServerReaderWriter<Line, Line>* stream) override {
    for (Line next; stream->Read(&next);) {
      std::string text = next.text();
      for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      stream->Write(line(text, next.count()));
    }
    return grpc::Status::OK;
  }
  grpc::Status Wait(grpc::ServerContext* context, const Line*, Line*) override {
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::printf("cancelled\n");
    std::fflush(stdout);
    return grpc::Status::CANCELLED;
  }
  grpc::Status Fail(grpc::ServerContext*, const Line* asked, Line*) override {
    return {static_cast<grpc::StatusCode>(asked->count()), asked->text()};
  }
};

int serve() {
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

std::shared_ptr<grpc::Channel> channel_to(const std::string& port) {
  grpc::ChannelArguments how;
  how.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), how);
}

void set_patience(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

void print(const char* name, const grpc::Status& status, const std::string& text, unsigned count) {
  std::printf("\"%s\": [%d, \"%s\", \"%s\", %u]", name, status.error_code(), status.error_message().c_str(), text.c_str(), count);
}

void call_unary(Lines::Stub& stub, const char* name, const Line& asked,
                grpc::Status (Lines::Stub::*method)(grpc::ClientContext*, const Line&, Line*)) {
  grpc::ClientContext context;
  set_patience(context);
  Line said;
  const grpc::Status status = (stub.*method)(&context, asked, &said);
  print(name, status, said.text().substr(0, 16), static_cast<unsigned>(said.text().size()));
  std::printf(",\n");
}
void call_repeat(Lines::Stub& stub) {
  grpc::ClientContext context;
  set_patience(context);
  const auto reader = stub.Repeat(&context, line("again", 1000));
  unsigned in_order = 0;
  for (Line next; reader->Read(&next);) in_order += next.text() == "again" && next.count() == in_order + 1 ? 1U : 0U;
  print("repeat", reader->Finish(), "", in_order);
  std::printf(",\n");
}
void call_join(Lines::Stub& stub) {
  grpc::ClientContext context;
  set_patience(context);
  Line all;
  const auto writer = stub.Join(&context, &all);
  for (int i = 0; i < 1000; ++i) writer->Write(line("x"));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  print("join", status, all.text() == std::string(1000, 'x') ? "joined" : "", all.count());
  std::printf(",\n");
}
void call_chat(Lines::Stub& stub) {
  grpc::ClientContext context;
  set_patience(context);
  const auto stream = stub.Chat(&context);
  unsigned answered = 0;
  for (unsigned i = 0; i < 100; ++i) {
    Line heard;
    stream->Write(line("word", i));
    if (stream->Read(&heard) && heard.text() == "WORD" && heard.count() == i) ++answered;
  }
  stream->WritesDone();
  print("chat", stream->Finish(), "", answered);
  std::printf(",\n");
}
void call_wait(Lines::Stub& stub) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  Line said;
  std::printf("\"wait\": %d", stub.Wait(&context, line(""), &said).error_code());
}

int call(const std::string& port) {
  Lines::Stub stub(channel_to(port));
  std::printf("{");
  call_unary(stub, "greet", line("you"), &Lines::Stub::Greet);
  call_unary(stub, "large", line(std::string(1'000'000, 'x')), &Lines::Stub::Greet);
  call_unary(stub, "too large", line(std::string(4'200'000, 'x')), &Lines::Stub::Greet);
  call_unary(stub, "fail", line("100% \xC3\xA4", 9), &Lines::Stub::Fail);
  call_unary(stub, "missing", line(""), &Lines::Stub::Missing);
  call_repeat(stub);
  call_join(stub);
  call_chat(stub);
  call_wait(stub);
  std::printf("}\n");
  return 0;
}

/// A call that is under way, or was.
struct Begun {
  grpc::ClientContext context;
  Line said;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Line>> reader;
};

/// How many of `calls` calls ended with which code. Each waits for an answer that never comes until it is given up: by when fifty
/// others have begun, so that it has been sent.
std::map<int, int> ends_of_cancelled(Lines::Stub& stub, int calls, int a_second) {
  constexpr std::size_t kUnderWay = 50;
  grpc::CompletionQueue ended;
  std::map<int, int> codes;
  std::deque<std::unique_ptr<Begun>> under_way;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < calls || !under_way.empty(); ++i) {
    if (i < calls) {
      std::this_thread::sleep_until(began + std::chrono::microseconds(1'000'000LL * i / a_second));
      auto& one = *under_way.emplace_back(std::make_unique<Begun>());
      set_patience(one.context);
      one.reader = stub.AsyncWait(&one.context, line("you"), &ended);
      one.reader->Finish(&one.said, &one.status, &one);
      if (under_way.size() < kUnderWay) continue;
    }
    under_way.front()->context.TryCancel();
    void* tag = nullptr;
    bool is_good = false;
    while (tag != under_way.front().get()) {
      if (!ended.Next(&tag, &is_good)) return codes;
      ++codes[static_cast<Begun*>(tag)->status.error_code()];
    }
    under_way.pop_front();
  }
  return codes;
}

int cancel(const std::string& port, int calls, int a_second) {
  const auto channel = channel_to(port);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(60))) return 1;
  Lines::Stub stub(channel);
  const auto began = std::chrono::steady_clock::now();
  const std::map<int, int> codes = ends_of_cancelled(stub, calls, a_second);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  std::printf("{\"codes\": {");
  const char* comma = "";
  for (const auto& [code, times] : codes) std::printf("%s\"%d\": %d", std::exchange(comma, ", "), code, times);
  std::printf("}, \"took_ms\": %d, ", static_cast<int>(took.count()));
  grpc::ClientContext context;
  set_patience(context);
  Line said;
  const grpc::Status last = stub.Greet(&context, line("you"), &said);
  print("last", last, said.text(), said.count());
  std::printf("}\n");
  return 0;
}

/// Calls that are answered without a message, one after the other and as fast as they are.
int refused(const std::string& port, int calls) {
  Lines::Stub stub(channel_to(port));
  std::map<int, int> codes;
  for (int i = 0; i < calls; ++i) {
    grpc::ClientContext context;
    set_patience(context);
    Line said;
    ++codes[stub.Missing(&context, line(""), &said).error_code()];
  }
  std::printf("{");
  const char* comma = "";
  for (const auto& [code, times] : codes) std::printf("%s\"%d\": %d", std::exchange(comma, ", "), code, times);
  std::printf("}\n");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "serve") return serve();
  if (verb == "call" && count == 3) return call(arguments[2]);
  if (verb == "refused" && count == 4) return refused(arguments[2], std::atoi(arguments[3]));
  if (verb == "cancel" && count == 5) return cancel(arguments[2], std::atoi(arguments[3]), std::atoi(arguments[4]));
  std::fprintf(stderr, "usage: grpc_peer serve | call PORT | cancel PORT COUNT A_SECOND | refused PORT COUNT\n");
  return 2;
}
