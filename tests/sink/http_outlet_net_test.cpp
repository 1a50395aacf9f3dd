// Rows by HTTP, to servers that say all sorts of things.

#include "sink/outlet/http_outlet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "collect/courier.hpp"
#include "sink/outlet/http_answer.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/sink/servers.hpp"

namespace uncork::sink {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using testing::HttpServer;
using Kind = Delivery::Kind;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Parcel line(std::uint32_t number) { return {std::to_string(number) + "\n", 1, Framing::lines}; }

core::Time soon() { return core::MonotonicClock::now() + std::chrono::seconds(10); }

TEST(HttpOutlet, posts_parcels_over_one_connection) {
  std::vector<std::string> bodies;
  HttpServer server([&](const std::string& body, std::size_t) {
    bodies.push_back(body);
    return kOk;
  });
  HttpOutlet outlet(server.destination());
  for (std::uint32_t i = 0; i < 3; ++i) ASSERT_EQ(outlet.deliver(line(i), soon()).kind, Kind::delivered);
  EXPECT_EQ(bodies, (std::vector<std::string>{"0\n", "1\n", "2\n"}));
  EXPECT_EQ(server.connections(), 1U);
  const std::string head = server.heads().front();
  EXPECT_THAT(head, HasSubstr("POST /rows?x=1 HTTP/1.1"));
  EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:" + std::to_string(server.destination().port)));
  EXPECT_THAT(head, HasSubstr("Content-Type: application/x-ndjson"));
}

TEST(HttpOutlet, a_kept_connection_that_the_server_has_closed_is_replaced_at_once) {
  HttpServer server([](const std::string&, std::size_t number) { return number == 2 ? std::string() : kOk; });
  HttpOutlet outlet(server.destination());
  ASSERT_EQ(outlet.deliver(line(0), soon()).kind, Kind::delivered);
  ASSERT_EQ(outlet.deliver(line(1), soon()).kind, Kind::delivered);
  EXPECT_EQ(server.connections(), 2U);
}

TEST(HttpOutlet, a_server_that_never_answers_is_not_now_after_its_time) {
  HttpServer server([](const std::string&, std::size_t) { return std::string("HTTP/1.1 100 Continue\r\n\r\n"); });
  HttpOutlet outlet(server.destination(), std::chrono::milliseconds(100));
  EXPECT_EQ(outlet.deliver(line(0), {}).kind, Kind::going_on);
  const Delivery delivery = outlet.deliver(line(0), soon());
  EXPECT_EQ(delivery.kind, Kind::not_now);
  EXPECT_THAT(delivery.why, HasSubstr("no answer in time"));
}

TEST(HttpOutlet, one_that_closes_without_an_answer_or_speaks_no_http_is_not_now) {
  for (const std::string& answer : {std::string(), std::string("SSH-2.0-x\r\n\r\n"),
                                    std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nx")}) {
    HttpServer server([&](const std::string&, std::size_t) { return answer; });
    HttpOutlet outlet(server.destination());
    EXPECT_EQ(outlet.deliver(line(0), soon()).kind, Kind::not_now) << answer;
  }
}

TEST(HttpOutlet, a_503_with_retry_after_is_waited_for_and_a_400_is_dropped_and_counted) {
  std::vector<std::string> bodies;
  HttpServer server([&](const std::string& body, std::size_t number) {
    if (number == 1) return std::string("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    if (body == "1\n") return std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    bodies.push_back(body);
    return kOk;
  });
  collect::CourierOptions options{.name = "http", .backoff = {.first = core::Micros(1'000), .most = core::Micros(2'000)}};
  const core::Time begun = core::MonotonicClock::now();
  const auto courier = *collect::Courier::start(std::make_unique<HttpOutlet>(server.destination()), options);
  for (std::uint32_t i = 0; i < 3; ++i) courier->send(line(i));
  ASSERT_TRUE(eventually([&] { return courier->stats().delivered.parcels == 2; }));
  // Told to wait a second; without that it would have been back after 2 ms.
  EXPECT_GE(core::MonotonicClock::now() - begun, std::chrono::seconds(1));
  EXPECT_EQ(bodies, (std::vector<std::string>{"0\n", "2\n"}));
  EXPECT_EQ(courier->stats().refused.parcels, 1U);
  EXPECT_THAT(courier->take_messages(), ::testing::Contains(HasSubstr("the server answered 400 Bad Request")));
  EXPECT_EQ(courier->stop(soon()).sentence("x"), "");
}

Delivery delivery_of(const std::string& answer, std::int64_t now_s = 0) {
  HttpAnswer parser;
  EXPECT_TRUE(parser.feed(answer)) << answer;
  EXPECT_TRUE(parser.is_whole()) << answer;
  return parser.delivery(now_s);
}

TEST(HttpAnswer, of_each_kind_means_what_it_should) {
  const auto kind = [](const std::string& status) {
    return delivery_of("HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\n\r\n").kind;
  };
  for (const char* status : {"200", "202", "204"}) EXPECT_EQ(kind(status), Kind::delivered) << status;
  for (const char* status : {"301", "408", "425", "429", "500", "502", "503"}) EXPECT_EQ(kind(status), Kind::not_now) << status;
  for (const char* status : {"400", "401", "404", "413"}) EXPECT_EQ(kind(status), Kind::refused) << status;
}

TEST(HttpAnswer, retry_after_is_seconds_or_a_date_and_never_more_than_an_hour) {
  const auto after = [](const std::string& text) {
    return delivery_of("HTTP/1.1 429 X\r\nRetry-After: " + text + "\r\nContent-Length: 0\r\n\r\n", 784'111'777).retry_after;
  };
  EXPECT_EQ(after("7"), std::chrono::seconds(7));
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:57 GMT"), std::chrono::seconds(20));
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:07 GMT"), std::chrono::seconds(0));
  EXPECT_EQ(after("999999"), std::chrono::hours(1));
  EXPECT_EQ(after("soon"), std::nullopt);
}

TEST(HttpAnswer, interim_ones_are_passed_over_in_pieces_of_any_size) {
  const std::string answer =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, answer.size()}) {
    HttpAnswer parser;
    for (std::size_t at = 0; at < answer.size(); at += piece) ASSERT_TRUE(parser.feed(answer.substr(at, piece)));
    ASSERT_TRUE(parser.is_whole()) << piece;
    EXPECT_EQ(parser.delivery(0).kind, Kind::delivered);
    EXPECT_TRUE(parser.keeps_connection());
  }
}

TEST(HttpOutlet, https_checks_who_the_server_is) {
  const cure::testing::ScratchDirectory folder;
  const std::string key = folder.path() + "/key.pem";
  const std::string certificate = folder.path() + "/cert.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      key + " -out " + certificate + " 2> /dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const std::string port_file = folder.path() + "/port";
  std::ofstream(folder.path() + "/server.py") << R"(
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        open(sys.argv[4], "ab").write(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
open(sys.argv[3] + ".new", "w").write(str(server.server_address[1]))
import os
os.rename(sys.argv[3] + ".new", sys.argv[3])
while True: server.handle_request()
)";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("python3", "python3", (folder.path() + "/server.py").c_str(), certificate.c_str(), key.c_str(), port_file.c_str(),
             (folder.path() + "/bodies").c_str(), nullptr);
    ::_exit(127);
  }
  ASSERT_TRUE(eventually([&] { return std::ifstream(port_file).good(); }));
  std::string port;
  std::ifstream(port_file) >> port;
  {
    HttpOutlet outlet(*parse_destination("https://127.0.0.1:" + port + "/rows"));
    const Delivery distrusted = outlet.deliver(line(1), soon());
    EXPECT_EQ(distrusted.kind, Kind::not_now);
    EXPECT_THAT(distrusted.why, HasSubstr("the server's certificate is not accepted: self-signed certificate"));
  }
  ::setenv("SSL_CERT_FILE", certificate.c_str(), 1);
  {
    HttpOutlet outlet(*parse_destination("https://127.0.0.1:" + port + "/rows"));
    EXPECT_EQ(outlet.deliver(line(1), soon()).kind, Kind::delivered);
    EXPECT_EQ(outlet.deliver(line(2), soon()).kind, Kind::delivered);
  }
  {
    HttpOutlet other(*parse_destination("https://localhost:" + port + "/rows"));
    EXPECT_THAT(other.deliver(line(3), soon()).why, HasSubstr("certificate is not accepted: hostname mismatch"));
  }
  ::unsetenv("SSL_CERT_FILE");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::ifstream bodies(folder.path() + "/bodies");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(bodies), {}), "1\n2\n");
}

}  // namespace
}  // namespace uncork::sink
