import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A service over HTTP: what its routes have, /health and /metrics. An answer has the trace of its request, which
 * load balancers begin:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
 */
public final class Web {
    private static final int LARGEST_BODY = 16 * 1024;
    private static final int THREADS = 64;

    private final HttpServer server;
    private final Metrics metrics;
    private final Xray xray;

    /** What is asked. `trace`: the header Xray.HEADER of the calls that answering it takes; "" for none. */
    public record Request(String method, String path, Map<String, List<String>> headers, String query, String body,
        String trace) {}

    /** What is said. */
    public record Answer(int status, String body, Map<String, String> headers) {
        public static Answer of(int status, Map<String, Object> values) {
            return new Answer(status, Json.write(values), Map.of());
        }
    }

    /** What answers; an IllegalArgumentException is told as 400, an IOException as 503. */
    public interface Route {
        Answer answer(Request request) throws IOException;
    }

    public Web(String name, int port, Metrics metrics) throws IOException {
        this.metrics = metrics;
        xray = new Xray(name);
        server = HttpServer.create(new InetSocketAddress(port), 128);
        at("/", request -> Answer.of(404, Map.of("error", "not found")));
        server.createContext("/health", exchange -> send(exchange, new Answer(200, "{\"status\": \"up\"}", Map.of())));
        server.createContext("/metrics", exchange -> send(exchange,
            new Answer(200, metrics.text(), Map.of("Content-Type", "text/plain; version=0.0.4"))));
    }

    /** Let a route answer what is at a path, or under it. */
    public final void at(String path, Route route) {
        server.createContext(path, exchange -> handle(exchange, route));
    }

    public void start() {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        server.setExecutor(threads);
        // What is being answered is answered before the program ends.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(2)));
        server.start();
    }

    private void handle(HttpExchange exchange, Route route) throws IOException {
        Xray.Segment segment = xray.begin(exchange.getRequestHeaders().getFirst(Xray.HEADER));
        Answer answer;
        try {
            byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
            if (body.length > LARGEST_BODY) {
                throw new IllegalArgumentException("more than " + LARGEST_BODY + " bytes");
            }
            String query = exchange.getRequestURI().getRawQuery();
            answer = route.answer(new Request(exchange.getRequestMethod(), exchange.getRequestURI().getPath(),
                exchange.getRequestHeaders(), query == null ? "" : query, new String(body, StandardCharsets.UTF_8),
                segment.header()));
        } catch (IllegalArgumentException wrong) {
            answer = Answer.of(400, Map.of("error", String.valueOf(wrong.getMessage())));
        } catch (IOException lost) {
            System.err.println(exchange.getRequestURI().getPath() + ": " + lost);
            answer = new Answer(503, "{\"error\": \"something it needs is lost\"}", Map.of("Retry-After", "1"));
        } catch (RuntimeException fault) {
            System.err.println(exchange.getRequestURI().getPath() + ": " + fault);
            answer = Answer.of(500, Map.of("error", "a fault of ours"));
        }
        metrics.answered(exchange.getRequestMethod(), answer.status);
        try {
            send(exchange, answer);
        } finally {
            String url = "http://" + exchange.getRequestHeaders().getFirst("Host") + exchange.getRequestURI().getPath();
            segment.answered(exchange.getRequestMethod(), url, answer.status);
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] bytes = answer.body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        String trace = exchange.getRequestHeaders().getFirst(Xray.HEADER);
        if (trace != null) {
            exchange.getResponseHeaders().set(Xray.HEADER, trace);
        }
        answer.headers.forEach(exchange.getResponseHeaders()::set);
        boolean silent = answer.status == 304 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(answer.status, silent ? -1 : bytes.length);
        if (!silent) {
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }
}
