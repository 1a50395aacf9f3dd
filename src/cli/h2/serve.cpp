// uncork h2 serve: an HTTP/2 server.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/h2/parts.hpp"
#include "cli/output.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "web/serve.hpp"

namespace uncork::cli {
namespace {

struct ServeArguments {
  web::ServeOptions options;
  std::vector<std::string> listen;
  std::vector<std::string> tls;
  std::size_t memory_mib = 512;
  bool json = false;
};

core::Status read_addresses(ServeArguments& arguments) {
  if (arguments.listen.empty()) arguments.listen = {"127.0.0.1:8080"};
  for (const std::string& text : arguments.listen) {
    const auto at = core::parse_endpoint(text);
    if (!at) return core::fail(core::invalid_argument("--listen " + at.error().message));
    arguments.options.listen.push_back(*at);
  }
  return {};
}

void show_listening(const ServeArguments& arguments, const std::vector<core::Endpoint>& all) {
  const bool is_tls = !arguments.options.certificate.empty();
  for (const core::Endpoint& at : all) {
    const std::string url = fmt::format("{}://{}/", is_tls ? "https" : "http", core::to_string(at));
    if (arguments.json) {
      const core::Json line = {{"event", "listening"}, {"url", url}};
      put_line(line.dump(core::Json::Order::as_inserted));
    } else {
      print("listening on {}\n", url);
    }
  }
  flush();
}

void show_summary(const web::ServeSummary& done, bool json) {
  if (json) {
    const core::Json line = {{"event", "ended"},
                             {"connections", done.connections},
                             {"requests", done.requests},
                             {"http1_requests", done.http1_requests},
                             {"calmed", done.calmed},
                             {"bytes_received", done.bytes_received},
                             {"bytes_sent", done.bytes_sent},
                             {"sends", done.sends}};
    return put_line(line.dump(core::Json::Order::as_inserted));
  }
  print("served {} of {}, {} of them HTTP/1.1; {} sends, {:.3f} a request\n", core::count_of(done.requests, "request"),
        core::count_of(done.connections, "connection"), done.http1_requests, done.sends,
        done.requests == 0 ? 0.0 : static_cast<double>(done.sends) / static_cast<double>(done.requests));
  if (done.calmed != 0) print("{} ended for asking too much (ENHANCE_YOUR_CALM)\n", core::count_of(done.calmed, "connection"));
}

Exit run_serve(ServeArguments arguments) {
  if (const auto read = read_addresses(arguments); !read) return report_error(read.error());
  if (!arguments.tls.empty()) {
    arguments.options.certificate = arguments.tls.at(0);
    arguments.options.key = arguments.tls.at(1);
  }
  arguments.options.memory = arguments.memory_mib * 1024 * 1024;
  const auto served = web::serve(arguments.options, [&](const auto& all) { show_listening(arguments, all); });
  if (!served) return report_error(served.error());
  show_summary(*served, arguments.json);
  return Exit::ok;
}

}  // namespace

void add_h2_serve(const Verb& h2, Action& chosen) {
  const Verb verb = h2.add_subcommand("serve", "Serve HTTP/2, and HTTP/1.1 to those who bring it");
  verb.footer(
      "Example:\n  uncork h2 serve --listen 127.0.0.1:8443 --tls cert.pem key.pem\n"
      "Without --tls clients of HTTP/2 must know it beforehand, as curl does with --http2-prior-knowledge.\n"
      "Ctrl-C or SIGTERM finishes what is under way and ends.");
  const auto arguments = std::make_shared<ServeArguments>();
  web::ServeOptions& options = arguments->options;
  const Option root =
      verb.add_option("--root", options.root, "Serve the files of this folder: ranges, validators, precompressed copies")
          .type_name("DIR");
  verb.add_option("--body", options.body, "Answer every request with this text instead (default Hello world!)")
      .type_name("TEXT")
      .excludes(root);
  verb.add_flag("--hidden", options.hidden_files, "Serve files whose names begin with a dot too").needs(root);
  verb.add_option("--listen", arguments->listen, "Listen on this address; may be repeated (default 127.0.0.1:8080)")
      .type_name("ADDRESS:PORT")
      .take_all();
  verb.add_option("--tls", arguments->tls, "Serve over TLS with this certificate and this key, PEM files")
      .type_name("CERT KEY")
      .takes(2);
  add_count(verb, "--threads", options.threads, 1, 256, "Run so many event loops, each with a listening socket of its own");
  add_choice<http2::flush_rule>(
      verb, "--flush", options.flush,
      {{"turn", http2::flush_rule::turn},
       {"response", http2::flush_rule::response},
       {"frame", http2::flush_rule::frame},
       {"frame-more", http2::flush_rule::frame_more}},
      "Send once a turn of the loop, or by each response or frame, to see what that costs (default turn)");
  add_choice<bool>(verb, "--nagle", options.nagle, {{"on", true}, {"off", false}},
                   "Turn Nagle's algorithm on or off on the server's sockets (default off)");
  add_count(verb, "--memory", arguments->memory_mib, 1, 1'000'000, "Hold at most N MiB for all connections of HTTP/2 together");
  verb.add_flag_callback("--only-http2", [&options] { options.http1 = false; }, "Refuse HTTP/1.1");
  verb.add_flag("--json", arguments->json, "Print NDJSON on standard output: a listening line, and at the end a summary line");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_serve(*arguments); }; });
}

}  // namespace uncork::cli
