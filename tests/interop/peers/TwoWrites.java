// Answers each line by two writes; Java leaves Nagle's algorithm on.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

public class TwoWrites {
    static void serve(Socket connection) {
        try (connection) {
            var requests = new BufferedReader(new InputStreamReader(connection.getInputStream()));
            var answers = connection.getOutputStream();
            while (requests.readLine() != null) {
                answers.write("the answer\n".getBytes(StandardCharsets.US_ASCII));
                answers.write("end\n".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException gone) {
            System.err.println(gone);
        }
    }

    public static void main(String[] arguments) throws IOException {
        try (var server = new ServerSocket(Integer.parseInt(arguments[0]), 50, InetAddress.getByName("127.0.0.1"))) {
            while (true) {
                var connection = server.accept();
                new Thread(() -> serve(connection)).start();
            }
        }
    }
}
