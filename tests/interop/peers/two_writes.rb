# Answers each line by two writes, with Nagle's algorithm on, which Ruby turns off by itself.
require 'socket'
server = TCPServer.new('127.0.0.1', ARGV[0].to_i)
loop do
  Thread.new(server.accept) do |connection|
    connection.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 0)
    connection.sync = true
    while connection.gets
      connection.write("the answer\n")
      connection.write("end\n")
    end
  end
end
