import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/** The user service until a real one takes its place: answers for its health, and for whether it reaches its ring. */
public class UserService {
    private static final int CONNECT_MILLIS = 1000;

    public static void main(String[] arguments) throws IOException {
        String[] ring = System.getenv().getOrDefault("USERS_ADDRESS", "").split(",");
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(Executors.newFixedThreadPool(64));
        server.createContext("/health", exchange -> answer(exchange, 200, "{\"status\": \"up\"}"));
        server.createContext("/api/users", exchange -> {
            int reached = reachable(ring);
            boolean quorum = reached > ring.length / 2;
            answer(exchange, quorum ? 200 : 503, String.format("{\"ring\": %d, \"reached\": %d}", ring.length, reached));
        });
        server.start();
    }

    private static int reachable(String[] addresses) {
        int reached = 0;
        for (String address : addresses) {
            String[] parts = address.split(":");
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])), CONNECT_MILLIS);
                reached++;
            } catch (IOException | RuntimeException unreachable) {
                // counted by its absence
            }
        }
        return reached;
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
